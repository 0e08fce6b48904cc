//! How large an experiment is, derived from its file before anything of that size exists.

use super::build::MOST_WORKERS;
use super::cell::{Cell, evaluate};
use super::file::{Experiment, Formula, PartSetup, Setting, Start};
use super::resolve::{DATA_FILE, resolve};
use super::symbol::Symbol;
use crate::model::problem::{Footprint, Given};
use crate::model::{Kind, Layout, Real, Registry};
use std::ops::Range;

/// Bytes of an exact number and of what is derived from it: constants of a coordinate, as fraction and as double.
const EXACT: u64 = 112;
/// Exact numbers that an instance keeps for each coordinate: its constants, start and minimiser.
const EXACT_A_COORDINATE: u64 = 3;

/// The sizes of one experiment at one cell. What the file gives only through facts counts as 1: its own limits hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// Coordinates, and where the file says so.
    pub dimension: (u64, Range<usize>),
    /// Workers, and where the file says so.
    pub workers: (u64, Range<usize>),
    /// Steps.
    pub horizon: (u64, Range<usize>),
    /// Iterates of the window of time functionals.
    pub window: u64,
    /// Draws of one batch, and where the file says so.
    pub batch: (u64, Range<usize>),
    /// Recorded iterates of a curve.
    pub checkpoints: u64,
    /// Numbers that the algorithm keeps.
    pub layout: Layout,
    /// Bytes of the problem's constants.
    pub constants: u64,
    /// Bytes of its data, which instances share.
    pub data: u64,
    /// Whether replicates run one at a time whatever their number.
    pub narrow: bool,
    /// Whether nothing is random.
    pub deterministic: bool,
    /// Whether gradients are of sampled functions.
    pub minibatch: bool,
}

impl Size {
    /// The sizes of an experiment at a cell.
    #[must_use]
    pub fn estimate(registry: &Registry, experiment: &Experiment, cell: &Cell) -> Self {
        let part = &experiment.problem;
        let given = |symbol: &Symbol| cell.value(symbol);
        let setting = |name: &str| {
            let (_, setting, span) = part.settings.iter().find(|(p, ..)| p.name == name)?;
            let Setting::Formula(formula) = setting else { return None };
            Some((whole(formula, &given)?, span.clone()))
        };
        let numbers = |name: &str| {
            let found = part.settings.iter().find(|(p, ..)| p.name == name);
            let formulas = match found {
                Some((_, Setting::Formula(formula), _)) => std::slice::from_ref(formula),
                Some((_, Setting::List(list), _)) => list.as_slice(),
                _ => &[],
            };
            formulas.iter().filter_map(|formula| whole(formula, &given)).collect::<Vec<u64>>()
        };
        let text = |name: &str| {
            let found = part.settings.iter().find(|(p, ..)| p.name == name);
            let text = found.and_then(|(_, s, _)| if let Setting::Text(text) = s { Some(text.clone()) } else { None });
            text.unwrap_or_default()
        };
        let settings = Given { numbers: &numbers, text: &text };
        let samples = setting("samples").or_else(|| setting("train")).map_or(0, |(n, _)| n);
        let data = part.settings.iter().find_map(|(p, s, _)| match s {
            Setting::Text(file) if p.name == DATA_FILE => {
                std::fs::metadata(registry.data_file(file)).ok().map(|m| m.len())
            }
            _ => None,
        });
        let (listed, rows) = listed(part, &experiment.start);
        let footprint = registry.problem(&part.name).map_or(&Footprint::SMALL, |entry| &entry.footprint);
        let dimension = setting("dimension").unwrap_or_else(|| {
            // All that is known of a data file here is the most that its text can hold.
            ((footprint.dimension)(&settings).unwrap_or(listed), part.span.clone())
        });
        let d = dimension.0;
        let fact = |symbol: &Symbol, name: &str| matches!(symbol, Symbol::Fact(spec) if spec.name == name);
        let named = |symbol: &Symbol| match symbol {
            symbol if fact(symbol, "d") => Some(Real::integer(i64::try_from(d).ok()?)),
            symbol if fact(symbol, "n") => Some(Real::integer(i64::try_from(samples).ok()?)),
            other => given(other),
        };
        let oracle = &experiment.oracle;
        let workers = match &oracle.workers {
            Some(formula) => (whole(formula, &named).unwrap_or(1), formula.span.clone()),
            None => setting("workers").unwrap_or((rows.max(1), part.span.clone())),
        };
        let known = |symbol: &Symbol| match symbol {
            symbol if fact(symbol, "M") => Some(Real::integer(workers.0 as i64)),
            other => named(other),
        };
        let run = &experiment.run;
        let horizon = (whole(&run.horizon, &known).unwrap_or(1), run.horizon.span.clone());
        let window = run.window.as_ref().map_or(horizon.0, |(a, b)| {
            let (a, b) = (whole(a, &known).unwrap_or(0), whole(b, &known).unwrap_or(horizon.0));
            b.saturating_sub(a).saturating_add(1)
        });
        let batch = oracle.batch.as_ref().map_or((1, part.span.clone()), |formula| {
            let at = |k: u64| {
                let now = |symbol: &Symbol| match symbol {
                    Symbol::Iteration => Some(Real::integer(k as i64)),
                    other => known(other),
                };
                whole(formula, &now).unwrap_or(1)
            };
            (at(0).max(at(horizon.0.saturating_sub(1))), formula.span.clone())
        });
        let (layout, coins) = algorithm(registry, experiment, (d, workers.0), &known);
        let random = oracle.noise.is_some() || oracle.minibatch || matches!(experiment.start, Start::Random(_));
        Size {
            constants: d.saturating_mul(EXACT * EXACT_A_COORDINATE),
            data: (footprint.bytes)(&settings, d, samples).saturating_add(data.unwrap_or(0).saturating_mul(3)),
            narrow: footprint.runs_alone,
            deterministic: !random && !coins,
            minibatch: oracle.minibatch,
            checkpoints: run.checkpoints.min(horizon.0.saturating_add(1)),
            dimension,
            workers,
            horizon,
            window,
            batch,
            layout,
        }
    }
}

/// A whole number, 0 or more; `None` where the formula needs a fact, or gives something else.
fn whole(formula: &Formula, lookup: &dyn Fn(&Symbol) -> Option<Real>) -> Option<u64> {
    evaluate(&formula.expr, lookup).ok()?.exact()?.to_i64().and_then(|n| u64::try_from(n).ok())
}

/// The longest list among the settings and the start, and the most rows of a matrix.
fn listed(part: &PartSetup, start: &Start) -> (u64, u64) {
    let (mut length, mut rows) = (1, 0);
    for (_, setting, _) in &part.settings {
        match setting {
            Setting::List(list) => length = length.max(list.len()),
            Setting::Rows(all) => {
                rows = rows.max(all.len());
                length = length.max(all.iter().map(Vec::len).max().unwrap_or(0));
            }
            _ => {}
        }
    }
    if let Start::At(formulas) = start {
        length = length.max(formulas.len());
    }
    (length as u64, rows as u64)
}

/// The algorithm's own numbers, and whether it draws coins or noise; where it cannot be built from what is known, a
/// state and a gradient per worker, and coins.
fn algorithm(
    registry: &Registry,
    experiment: &Experiment,
    (d, workers): (u64, u64),
    lookup: &dyn Fn(&Symbol) -> Option<Real>,
) -> (Layout, bool) {
    let part = &experiment.algorithm;
    let numbers = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let (dimension, count) = (numbers(d), numbers(workers.min(MOST_WORKERS)));
    // Built for one coordinate: its settings are small, and the layout is computed for the true size.
    let built = resolve(registry, part, 1, count, lookup).ok().and_then(|params| {
        let entry = registry.algorithm(&part.name).ok()?;
        (entry.build)(&params).ok()
    });
    let own_noise = part.settings.iter().any(|(p, s, _)| p.kind == Kind::Noise && matches!(s, Setting::Part(_)));
    let coins = own_noise || built.as_ref().is_none_or(|a| a.is_random(&experiment.semantics));
    // The product of dimension and workers must not wrap in a layout's own arithmetic.
    let fits = dimension.checked_mul(count).and_then(|n| n.checked_mul(16)).is_some();
    let layout = built.filter(|_| fits).map(|a| a.layout(dimension, count)).unwrap_or_else(|| {
        let all = dimension.saturating_mul(count.saturating_add(2));
        Layout { state: all, scratch: all }
    });
    (layout, coins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::{cells, load};

    /// The size of a claim's first cell.
    fn size(problem: &str) -> Size {
        let text = format!(
            "schema = 1\nid = \"test/size\"\ntitle = \"t\"\nsource = {{ paper = \"t\", place = \"t\" }}\n\
             statement = 't'\nrelation = \"lower\"\nleft = \"last(f)\"\n\
             [problem]\nname = \"mlp\"\n{problem}\n[oracle]\nsampling = \"minibatch\"\n\
             [algorithm]\nname = \"sgd\"\nstep_size = 1\n[run]\nhorizon = 1\n\
             [[bound]]\nname = \"b\"\nright = 0\nexpect = \"holds\"\nwhy = \"w\"\n"
        );
        let registry = Registry::standard();
        let spec = load("test.toml", &text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
        let variant = &spec.base[0].1;
        let cell = cells(variant).unwrap().swap_remove(0);
        Size::estimate(&registry, variant.experiment().unwrap(), &cell)
    }

    #[test]
    fn a_network_is_as_large_as_its_images_make_it() {
        // exact: (784 + 1) 64 + (64 + 1) 64 + (64 + 1) 10, and (3072 + 1) 64 + (64 + 1) K; images of one byte a pixel
        // with a label, twice, of the whole set; a mean and a sum of squares a coordinate for each chunk of 256 images,
        // at most 64 of them, in each thread
        let threads = rayon::current_num_threads() as u64;
        let whole = "samples = 50000\ntests = 10000";
        for (problem, d, images, chunks) in [
            ("hidden = [64, 64]", 55_050, 5000 * 785, 16),
            ("hidden = [64, 64]\nsamples = 60000\ntests = 10000", 55_050, 70_000 * 785, 64),
            ("hidden = [64, 64]\nimages = \"idx\"\nsamples = 100", 55_050, 70_000 * 785, 1),
            (&format!("hidden = [64]\nimages = \"cifar-10\"\n{whole}"), 197_322, 60_000 * 3073, 64),
            (&format!("hidden = [64]\nimages = \"cifar-100\"\n{whole}"), 203_172, 60_000 * 3073, 64),
        ] {
            let size = size(problem);
            assert_eq!(size.dimension.0, d, "{problem}");
            assert_eq!(size.data, 2 * images + threads * chunks * d * 16, "{problem}");
        }
        let places = size("hidden = [4]\nsplit = \"iid\"\nworkers = 5").data - size("hidden = [4]").data;
        assert_eq!(places, 4000 * 8);
    }
}
