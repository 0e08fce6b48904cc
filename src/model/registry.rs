//! The visible list of parts.

use super::{
    AlgorithmEntry, CompressorEntry, NoiseEntry, OwnStatistic, ProblemEntry, QuantityEntry, algorithm, compressor,
    noise, problem, quantity,
};
use std::path::PathBuf;

/// All parts that claim files may name. A crate that uses signcheck adds its own with the `add_` and `with_` methods.
pub struct Registry {
    problems: Vec<&'static ProblemEntry>,
    noises: Vec<&'static NoiseEntry>,
    algorithms: Vec<&'static AlgorithmEntry>,
    compressors: Vec<&'static CompressorEntry>,
    quantities: Vec<&'static QuantityEntry>,
    data: Option<PathBuf>,
}

macro_rules! lookup {
    ($all:ident, $get:ident, $add:ident, $with:ident, $entry:ty, $what:literal) => {
        #[doc = concat!("All ", $what, ", in table order.")]
        pub fn $all(&self) -> impl Iterator<Item = &'static $entry> + '_ {
            self.$all.iter().copied()
        }

        #[doc = concat!("The entry of that name among the ", $what, ".")]
        ///
        /// # Errors
        /// The nearest name, for "did you mean".
        pub fn $get(&self, name: &str) -> Result<&'static $entry, Option<&'static str>> {
            self.$all
                .iter()
                .find(|e| e.name == name)
                .copied()
                .ok_or_else(|| nearest(name, self.$all.iter().map(|e| e.name)))
        }

        #[doc = concat!("Adds to the ", $what, "; a name that is taken is replaced.")]
        pub fn $add(&mut self, entry: &'static $entry) -> &mut Self {
            self.$all.retain(|e| e.name != entry.name);
            self.$all.push(entry);
            self
        }

        #[doc = concat!("The registry with one more among the ", $what, "; a name that is taken is replaced.")]
        #[must_use]
        pub fn $with(mut self, entry: &'static $entry) -> Self {
            self.$add(entry);
            self
        }
    };
}

impl Registry {
    /// The parts that come with signcheck.
    #[must_use]
    pub fn standard() -> Self {
        Registry {
            problems: problem::ALL.to_vec(),
            noises: noise::ALL.to_vec(),
            algorithms: algorithm::ALL.to_vec(),
            compressors: compressor::ALL.to_vec(),
            quantities: quantity::ALL.to_vec(),
            data: None,
        }
    }

    /// The registry with a folder in which data files that claims name are looked for.
    #[must_use]
    pub fn with_data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }

    /// Where a data file lies: in the folder for data where there is one and the name is no absolute path.
    #[must_use]
    pub fn data_file(&self, name: &str) -> PathBuf {
        self.data.as_ref().map_or_else(|| name.into(), |folder| folder.join(name))
    }

    lookup!(problems, problem, add_problem, with_problem, ProblemEntry, "problems");
    lookup!(noises, noise, add_noise, with_noise, NoiseEntry, "noise laws");
    lookup!(algorithms, algorithm, add_algorithm, with_algorithm, AlgorithmEntry, "algorithms");
    lookup!(compressors, compressor, add_compressor, with_compressor, CompressorEntry, "compressors");
    lookup!(quantities, quantity, add_quantity, with_quantity, QuantityEntry, "quantities");

    /// Statistics that only some problems have.
    #[must_use]
    pub fn own_statistics(&self) -> Vec<&'static OwnStatistic> {
        self.problems.iter().flat_map(|p| p.statistics).collect()
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::standard()
    }
}

/// The candidate nearest to a misspelt name, if any is near.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(name, c), c))
        .filter(|(distance, c)| *distance <= 1 + c.len().min(name.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}
