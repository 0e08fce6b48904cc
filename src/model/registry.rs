//! The visible list of parts.

use super::{
    AlgorithmEntry, CompressorEntry, NoiseEntry, OwnStatistic, ProblemEntry, QuantityEntry, algorithm, compressor,
    noise, problem, quantity,
};

/// All parts that claim files may name. A crate that uses signcheck adds its own with the `add_` methods.
pub struct Registry {
    problems: Vec<&'static ProblemEntry>,
    noises: Vec<&'static NoiseEntry>,
    algorithms: Vec<&'static AlgorithmEntry>,
    compressors: Vec<&'static CompressorEntry>,
    quantities: Vec<&'static QuantityEntry>,
}

macro_rules! lookup {
    ($all:ident, $get:ident, $add:ident, $entry:ty, $what:literal) => {
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
        }
    }

    lookup!(problems, problem, add_problem, ProblemEntry, "problems");
    lookup!(noises, noise, add_noise, NoiseEntry, "noise laws");
    lookup!(algorithms, algorithm, add_algorithm, AlgorithmEntry, "algorithms");
    lookup!(compressors, compressor, add_compressor, CompressorEntry, "compressors");
    lookup!(quantities, quantity, add_quantity, QuantityEntry, "quantities");

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
