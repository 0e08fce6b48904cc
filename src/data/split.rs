//! How the samples of a data set are spread over workers.
//!
//! M workers, n samples of K classes. Whatever the law, every sample has exactly one worker, a worker may have several
//! classes, and the samples of a class come in random order, so that a worker's are a random choice among them.
//!
//! **Laws**
//! - `Iid`: a random order is dealt out one by one; the workers' sizes differ by at most 1.
//! - `DirichletByClass`: each class is cut by itself. The fractions of it that the workers get are one draw of the
//!   symmetric Dirichlet law over workers. A small concentration gives workers of few classes and of very different
//!   sizes; a worker may get nothing. (Yurochkin et al. 2019, "Bayesian nonparametric federated learning of neural
//!   networks".)
//! - `DirichletByWorker`: each worker draws its proportions of classes from the symmetric Dirichlet law over classes.
//!   The samples are then dealt without replacement: in turn each worker takes one, of a class drawn from its
//!   proportions among the classes that are left. Sizes differ by at most 1. What the last rounds deal is what others
//!   did not want, and all workers have their share in that. (Hsu, Qi and Brown 2019, "Measuring the effects of
//!   non-identical data distribution for federated visual classification", whose prior alpha p has the entry
//!   alpha/K for classes of equal size: their alpha is K times the concentration here.)
//! - `ByClass`: c shards a worker, each of one class. The Mc shards are divided among the classes in proportion to
//!   their sizes, at least one each; a class is cut into shards whose sizes differ by at most 1; the shards are dealt
//!   at random. A worker thus has at most c classes, and fewer where two of its shards are of one class. (McMahan et
//!   al. 2017, "Communication-efficient learning of deep networks from decentralized data", with M = 100, c = 2. There
//!   the sorted samples are cut evenly, so that shards are of one size and some have two classes.)
//!
//! A paper that writes "Dirichlet(1)" and no more may mean either of the two Dirichlet laws: the workers' sizes vary in
//! the first, and are equal in the second.

use super::DataError;
use crate::rng::Stream;
use crate::rng::seeded::{permutation, stream};
use std::borrow::Cow;

/// Below this, the logarithms of gamma variables leave the doubles.
const LEAST_CONCENTRATION: f64 = 1e-300;

/// A law by which samples are spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// Evenly at random.
    Iid,
    /// One draw over workers for each class.
    DirichletByClass {
        /// Parameter of the law, in every coordinate the same; large is even.
        concentration: f64,
    },
    /// One draw over classes for each worker.
    DirichletByWorker {
        /// Parameter of the law, in every coordinate the same; large is even.
        concentration: f64,
    },
    /// Shards of one class.
    ByClass {
        /// c, shards of a worker.
        classes_per_worker: usize,
    },
}

/// As a claim file has it: `dirichlet, concentration = 1`.
impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Spread::Iid => write!(f, "iid"),
            Spread::DirichletByClass { concentration } => write!(f, "dirichlet, concentration = {concentration}"),
            Spread::DirichletByWorker { concentration } => {
                write!(f, "dirichlet-by-worker, concentration = {concentration}")
            }
            Spread::ByClass { classes_per_worker } => write!(f, "by-class, classes_per_worker = {classes_per_worker}"),
        }
    }
}

/// The samples of each worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    how: Spread,
    seed: u64,
    shards: Vec<Vec<usize>>,
    counts: Vec<Vec<usize>>,
}

impl Split {
    /// Spreads the samples with these labels, each below `classes`, over `workers` workers; `seed` decides the draws.
    ///
    /// ```
    /// use signcheck::internals::data::{Split, Spread};
    /// let split = Split::new(Spread::ByClass { classes_per_worker: 1 }, 2, 7, &[0, 1, 1, 0, 0], 2)?;
    /// let mut counts = split.counts().to_vec();
    /// counts.sort_unstable();
    /// assert_eq!(counts, [[0, 2], [3, 0]]);
    /// # Ok::<(), signcheck::internals::data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Parameter`] named `workers`, `concentration` or `classes_per_worker`: no workers, or more than
    /// samples; a concentration that is not above 0; more classes a worker than there are, fewer than it takes to place
    /// them all, or more shards than samples. [`DataError::Shape`] for a label that is not below `classes`.
    pub fn new(how: Spread, workers: usize, seed: u64, labels: &[u8], classes: usize) -> Result<Self, DataError> {
        if let Some(i) = labels.iter().position(|label| usize::from(*label) >= classes) {
            return Err(DataError::shape(format!("label {} of sample {i} among {classes} classes", labels[i])));
        }
        if workers == 0 || workers > labels.len() {
            let expected = format!("from 1 to the number of samples, {}", labels.len());
            return Err(parameter("workers", workers as f64, expected));
        }
        let mut draws = stream(seed, "split");
        let order = permutation(&mut draws, labels.len());
        let mut shards = match how {
            Spread::Iid => dealt_evenly(order, workers),
            Spread::DirichletByClass { concentration } => {
                check(concentration)?;
                cut_by_class(&mut draws, &members(&order, labels, classes), concentration, workers)
            }
            Spread::DirichletByWorker { concentration } => {
                check(concentration)?;
                dealt_by_taste(&mut draws, members(&order, labels, classes), concentration, workers)
            }
            Spread::ByClass { classes_per_worker } => {
                let members = members(&order, labels, classes);
                let numbers = shard_numbers(&members, workers, classes_per_worker)?;
                dealt_in_shards(&mut draws, &members, &numbers, workers)
            }
        };
        shards.iter_mut().for_each(|shard| shard.sort_unstable());
        let count = |shard: &Vec<usize>| {
            let mut counts = vec![0; classes];
            shard.iter().for_each(|i| counts[usize::from(labels[*i])] += 1);
            counts
        };
        Ok(Split { how, seed, counts: shards.iter().map(count).collect(), shards })
    }

    /// The law that it was drawn from.
    #[must_use]
    pub fn how(&self) -> Spread {
        self.how
    }

    /// The seed of its draws.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The samples of each worker, in increasing order.
    #[must_use]
    pub fn shards(&self) -> &[Vec<usize>] {
        &self.shards
    }

    /// The samples alone.
    #[must_use]
    pub fn into_shards(self) -> Vec<Vec<usize>> {
        self.shards
    }

    /// The table of classes per worker: a row of K counts for each worker.
    #[must_use]
    pub fn counts(&self) -> &[Vec<usize>] {
        &self.counts
    }
}

fn parameter(name: &'static str, value: f64, expected: impl Into<Cow<'static, str>>) -> DataError {
    DataError::Parameter { name, value, expected: expected.into() }
}

fn check(concentration: f64) -> Result<(), DataError> {
    if concentration.is_finite() && concentration >= LEAST_CONCENTRATION {
        return Ok(());
    }
    Err(parameter("concentration", concentration, "a finite number above 0, at least 1e-300"))
}

/// The samples of each class, in the order given.
fn members(order: &[usize], labels: &[u8], classes: usize) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); classes];
    order.iter().for_each(|i| members[usize::from(labels[*i])].push(*i));
    members
}

fn dealt_evenly(order: Vec<usize>, workers: usize) -> Vec<Vec<usize>> {
    let mut shards = vec![Vec::new(); workers];
    for (place, sample) in order.into_iter().enumerate() {
        shards[place % workers].push(sample);
    }
    shards
}

fn cut_by_class(draws: &mut Stream<1>, members: &[Vec<usize>], concentration: f64, workers: usize) -> Vec<Vec<usize>> {
    let mut shards = vec![Vec::new(); workers];
    for members in members {
        let shares = dirichlet(draws, concentration, workers);
        let (mut sum, mut from) = (0.0, 0);
        for (worker, share) in shares.into_iter().enumerate() {
            sum += share;
            let last = worker + 1 == workers;
            let to = if last { members.len() } else { (sum * members.len() as f64).round() as usize };
            let to = to.clamp(from, members.len());
            shards[worker].extend(&members[from..to]);
            from = to;
        }
    }
    shards
}

fn dealt_by_taste(
    draws: &mut Stream<1>,
    mut members: Vec<Vec<usize>>,
    concentration: f64,
    workers: usize,
) -> Vec<Vec<usize>> {
    let tastes: Vec<Vec<f64>> = (0..workers).map(|_| dirichlet(draws, concentration, members.len())).collect();
    let samples: usize = members.iter().map(Vec::len).sum();
    let mut shards = vec![Vec::new(); workers];
    for worker in (0..workers).cycle().take(samples) {
        let wanted = |class: usize| if members[class].is_empty() { 0.0 } else { tastes[worker][class] };
        let u = draws.uniform().0[0];
        // A worker whose classes are used up takes what there is, by its amount.
        let class = choose(u, members.len(), wanted).or_else(|| choose(u, members.len(), |k| members[k].len() as f64));
        shards[worker].extend(class.and_then(|class| members[class].pop()));
    }
    shards
}

/// The index that a uniform number picks among `n` with these weights; `None` where all are 0.
fn choose(u: f64, n: usize, weight: impl Fn(usize) -> f64) -> Option<usize> {
    let total: f64 = (0..n).map(&weight).sum();
    let (mut sum, mut chosen) = (0.0, None);
    for index in (0..n).filter(|index| weight(*index) > 0.0) {
        sum += weight(index);
        chosen = Some(index);
        if u * total < sum {
            break;
        }
    }
    chosen
}

/// How many shards each class is cut into: one each, the others one by one to the class whose shards are largest.
fn shard_numbers(members: &[Vec<usize>], workers: usize, each: usize) -> Result<Vec<usize>, DataError> {
    let samples: usize = members.iter().map(Vec::len).sum();
    let present = members.iter().filter(|m| !m.is_empty()).count();
    let (least, most) = (present.div_ceil(workers), present.min(samples / workers));
    if least > most {
        let expected = format!("so few that {least} shards each, for {present} classes, fit {samples} samples");
        return Err(parameter("workers", workers as f64, expected));
    }
    if !(least..=most).contains(&each) {
        let expected =
            format!("from {least} to {most}, for {workers} workers, {present} classes and {samples} samples");
        return Err(parameter("classes_per_worker", each as f64, expected));
    }
    let mut numbers: Vec<usize> = members.iter().map(|m| usize::from(!m.is_empty())).collect();
    for _ in present..workers * each {
        // n_k/s_k by cross-multiplication; the first of equals.
        let larger = |a: usize, b: usize| members[a].len() * numbers[b] > members[b].len() * numbers[a];
        let next =
            (0..members.len()).filter(|k| numbers[*k] > 0).reduce(|best, k| if larger(k, best) { k } else { best });
        next.into_iter().for_each(|k| numbers[k] += 1);
    }
    Ok(numbers)
}

fn dealt_in_shards(
    draws: &mut Stream<1>,
    members: &[Vec<usize>],
    numbers: &[usize],
    workers: usize,
) -> Vec<Vec<usize>> {
    let cut = |(members, number): (&Vec<usize>, &usize)| {
        let place = |k: usize| k * members.len() / number;
        (0..*number).map(|k| members[place(k)..place(k + 1)].to_vec()).collect::<Vec<_>>()
    };
    let pieces: Vec<Vec<usize>> = members.iter().zip(numbers).flat_map(cut).collect();
    let mut shards = vec![Vec::new(); workers];
    for (place, piece) in permutation(draws, pieces.len()).into_iter().enumerate() {
        shards[place % workers].extend(&pieces[piece]);
    }
    shards
}

/// One draw of the symmetric Dirichlet law: gamma variables over their sum, by logarithms, as small concentrations
/// give gammas below the smallest double.
fn dirichlet(draws: &mut Stream<1>, concentration: f64, n: usize) -> Vec<f64> {
    let logs: Vec<f64> = (0..n).map(|_| log_gamma_variable(draws, concentration)).collect();
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logs.iter().map(|log| libm::exp(log - top)).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| w / total).collect()
}

/// ln of a gamma variable of that shape and scale 1 (Marsaglia and Tsang 2000, "A simple method for generating gamma
/// variables"): shapes below 1 as Gamma(a + 1) U^(1/a).
fn log_gamma_variable(draws: &mut Stream<1>, shape: f64) -> f64 {
    if shape < 1.0 {
        let u = draws.uniform().0[0];
        return log_gamma_variable(draws, shape + 1.0) + libm::log(u) / shape;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let (x, u) = (draws.normal().0[0], draws.uniform().0[0]);
        let root = 1.0 + c * x;
        let v = root * root * root;
        if v > 0.0 && libm::log(u) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return libm::log(d * v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAWS: [Spread; 8] = [
        Spread::Iid,
        Spread::DirichletByClass { concentration: 0.01 },
        Spread::DirichletByClass { concentration: 1.0 },
        Spread::DirichletByClass { concentration: 100.0 },
        Spread::DirichletByWorker { concentration: 1e-300 },
        Spread::DirichletByWorker { concentration: 1.0 },
        Spread::ByClass { classes_per_worker: 1 },
        Spread::ByClass { classes_per_worker: 3 },
    ];

    /// Of five classes, the third empty: 400, 100, 0, 300 and 200 samples, mixed.
    fn labels() -> Vec<u8> {
        (0..1000).map(|i| [0, 0, 0, 0, 1, 3, 3, 3, 4, 4][i % 10]).collect()
    }

    fn split(how: Spread) -> Split {
        Split::new(how, 7, 3, &labels(), 5).unwrap()
    }

    #[test]
    fn every_sample_has_one_worker_and_is_counted() {
        for how in LAWS {
            let split = split(how);
            let mut all = split.shards().concat();
            all.sort_unstable();
            assert_eq!(all, (0..1000).collect::<Vec<_>>(), "{how:?}");
            assert_eq!((split.shards().len(), split.counts().len()), (7, 7));
            let of_class = |k: usize| split.counts().iter().map(|row| row[k]).sum::<usize>();
            assert_eq!([0, 1, 2, 3, 4].map(of_class), [400, 100, 0, 300, 200], "{how:?}");
            for (shard, counts) in split.shards().iter().zip(split.counts()) {
                assert!(shard.is_sorted());
                let of = |k: u8| shard.iter().filter(|i| labels()[**i] == k).count();
                assert_eq!([0, 1, 2, 3, 4].map(of), counts[..], "{how:?}");
            }
            assert_eq!(split.clone().into_shards(), split.shards());
        }
    }

    #[test]
    fn the_seed_decides() {
        for how in LAWS {
            let again = |seed| Split::new(how, 7, seed, &labels(), 5).unwrap();
            assert_eq!(again(3), split(how));
            assert_ne!(again(4), split(how), "{how:?}");
        }
    }

    #[test]
    fn even_laws_give_even_sizes() {
        for how in [LAWS[0], LAWS[4], LAWS[5]] {
            // exact: 1000 = 6 * 143 + 142
            let sizes: Vec<usize> = split(how).shards().iter().map(Vec::len).collect();
            assert_eq!(sizes, [143, 143, 143, 143, 143, 143, 142], "{how:?}");
        }
    }

    #[test]
    fn two_classes_are_cut_as_they_were() {
        // reference: the program at 574c711, where two labels were all there was; SHA-256 of the shards as printed
        use sha2::{Digest, Sha256};
        let labels: Vec<u8> = (0..1000).map(|i| u8::from(i % 4 == 0)).collect();
        for (how, expected) in [
            (LAWS[0], "c485a61bd936a7d3c8a16a26d931ad53d5247cf9fd50ddf2bafbca9aa96863da"),
            (LAWS[1], "abe28576d1a9cbb3b6b94f69b10d1db2d0b11e73b3fc6e8f5b230602b0a1518d"),
            (LAWS[2], "2ab809f267c50783f41f26e8eef228fac72bb977141c42bdca1b1ef9ec45fdb3"),
            (LAWS[3], "73bb9bda33648620f3426581a4ebf19cb3fc850b63087639afa423a10ea8cedf"),
        ] {
            let printed = format!("{:?}", Split::new(how, 7, 3, &labels, 2).unwrap().shards());
            let digest: String = Sha256::digest(printed).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digest, expected, "{how:?}");
        }
    }

    /// Mean over samples of 1 - |p|^2, with p the proportions of classes of a sample's worker: 0 where every worker has
    /// one class.
    fn mixing(split: &Split) -> f64 {
        let of = |counts: &Vec<usize>| {
            let n = counts.iter().sum::<usize>().max(1) as f64;
            n - counts.iter().map(|c| (c * c) as f64).sum::<f64>() / n
        };
        split.counts().iter().map(of).sum::<f64>() / split.shards().iter().map(Vec::len).sum::<usize>() as f64
    }

    #[test]
    fn a_small_concentration_separates_the_classes() {
        let mean = |how: fn(f64) -> Spread, concentration: f64| {
            let of = |seed| mixing(&Split::new(how(concentration), 7, seed, &labels(), 5).unwrap());
            (0..20).map(of).sum::<f64>() / 20.0
        };
        for how in
            [(|concentration| Spread::DirichletByClass { concentration }) as fn(f64) -> Spread, |concentration| {
                Spread::DirichletByWorker { concentration }
            }]
        {
            // exact: an even split has 1 - (0.4^2 + 0.1^2 + 0.3^2 + 0.2^2) = 0.7. No law gets to 0: one worker may be
            // drawn for two classes, or must take at last what no one wanted.
            let [low, middle, high] = [0.02, 1.0, 1000.0].map(|concentration| mean(how, concentration));
            assert!(low + 0.1 < middle && middle + 0.05 < high, "{low} {middle} {high}");
            assert!((high - 0.7).abs() < 0.02, "{low} {middle} {high}");
        }
    }

    #[test]
    fn a_worker_of_one_taste_gets_that_class_while_it_lasts() {
        // exact: at concentration 1e-300 all of a worker's proportions but one are 0. Ten classes of 100, two workers
        // that get 500 each: a worker has all of its class (or half of it, if both want it), and then what is left.
        let labels: Vec<u8> = (0..1000).map(|i| (i % 10) as u8).collect();
        for seed in 0..20 {
            let split = Split::new(Spread::DirichletByWorker { concentration: 1e-300 }, 2, seed, &labels, 10).unwrap();
            let tops: Vec<usize> = split.counts().iter().filter_map(|c| c.iter().copied().max()).collect();
            assert!(tops == [100, 100] || tops.iter().all(|top| (50..100).contains(top)), "{tops:?}");
        }
    }

    #[test]
    fn shards_are_of_one_class_and_as_many_as_asked_for() {
        let class = |each| Split::new(Spread::ByClass { classes_per_worker: each }, 7, 5, &labels(), 5).unwrap();
        for each in 1..=4 {
            let of = |counts: &Vec<usize>| counts.iter().filter(|c| **c > 0).count();
            assert!(class(each).counts().iter().all(|counts| (1..=each).contains(&of(counts))), "{each}");
        }
        // exact: one shard each to 400, 100, 300 and 200, then to 400, 300 and (200 against 200, 150, 100, 200) the
        // first: 3, 1, 2, 1 shards of 133, 133, 134; 100; 150, 150; 200
        let mut sizes: Vec<Vec<usize>> = class(1).counts().to_vec();
        sizes.sort_unstable();
        let [a, b, c] = [[0, 0, 0, 0, 200], [0, 0, 0, 150, 0], [0, 100, 0, 0, 0]];
        assert_eq!(sizes, [a, b, b, c, [133, 0, 0, 0, 0], [133, 0, 0, 0, 0], [134, 0, 0, 0, 0]]);
        // The setting of the source: no worker has more than two digits, all have about 600 samples.
        let digits: Vec<u8> = (0..60_000).map(|i| (i % 10) as u8).collect();
        let split = Split::new(Spread::ByClass { classes_per_worker: 2 }, 100, 1, &digits, 10).unwrap();
        assert!(split.shards().iter().all(|shard| shard.len() == 600));
        // statistical: a worker's second shard is of the class of its first with probability 19/199, so that about 10
        // of 100 workers have one class: none of them with probability 5e-5, 30 with 1e-8
        let one = |split: &Split| split.counts().iter().filter(|c| c.contains(&600)).count();
        assert!((1..30).contains(&one(&split)), "{}", one(&split));
    }

    #[test]
    fn splits_by_hand() {
        // exact: one worker has all samples; as many workers as samples have one each; two classes of two workers
        for how in [LAWS[0], LAWS[2], LAWS[5], Spread::ByClass { classes_per_worker: 2 }] {
            let one = Split::new(how, 1, 1, &[1, 0, 1], 2).unwrap();
            assert_eq!((one.shards(), one.counts()), (&[vec![0, 1, 2]][..], &[vec![1, 2]][..]), "{how:?}");
        }
        for how in [LAWS[0], LAWS[5], Spread::ByClass { classes_per_worker: 1 }] {
            let mut each = Split::new(how, 3, 1, &[1, 0, 1], 2).unwrap().into_shards();
            each.sort_unstable();
            assert_eq!(each, [[0], [1], [2]], "{how:?}");
        }
        let mut two = Split::new(Spread::ByClass { classes_per_worker: 1 }, 2, 1, &[1, 0, 1], 2).unwrap().into_shards();
        two.sort_unstable();
        assert_eq!(two, [vec![0, 2], vec![1]]);
    }

    #[test]
    fn proportions_have_the_mean_and_variance_of_their_law() {
        // statistical: a proportion of the symmetric law of K = 4 entries a has the mean 1/4 and the variance
        // (1/4)(3/4)/(4a + 1); its square's variance is at most its mean, 1/16 + that; n = 20 000, six standard errors
        let mut draws = stream(1, "test");
        for a in [0.1, 1.0, 10.0] {
            let n = 20_000;
            let sample: Vec<f64> = (0..n).map(|_| dirichlet(&mut draws, a, 4)[2]).collect();
            let mean = sample.iter().sum::<f64>() / n as f64;
            let square = sample.iter().map(|x| x * x).sum::<f64>() / n as f64;
            let variance = 3.0 / 16.0 / (4.0 * a + 1.0);
            assert!((mean - 0.25).abs() < 6.0 * (variance / n as f64).sqrt(), "{a}: {mean}");
            let expected = 1.0 / 16.0 + variance;
            assert!((square - expected).abs() < 6.0 * (expected / n as f64).sqrt(), "{a}: {square}");
        }
    }

    #[test]
    fn gammas_have_their_mean_and_variance() {
        // statistical: mean a and variance a of Gamma(a); n = 40 000; six standard errors, sqrt(a/n) and
        // sqrt((3a^2 + 6a - a^2)/n) = sqrt((2a^2 + 6a)/n) from the fourth central moment 3a^2 + 6a
        let mut draws = stream(1, "gamma");
        for a in [0.3, 1.0, 4.5] {
            let n = 40_000;
            let sample: Vec<f64> = (0..n).map(|_| libm::exp(log_gamma_variable(&mut draws, a))).collect();
            let mean = sample.iter().sum::<f64>() / n as f64;
            let variance = sample.iter().map(|x| (x - a) * (x - a)).sum::<f64>() / n as f64;
            assert!((mean - a).abs() < 6.0 * (a / n as f64).sqrt(), "{a}: {mean}");
            assert!((variance - a).abs() < 6.0 * ((2.0 * a * a + 6.0 * a) / n as f64).sqrt(), "{a}: {variance}");
        }
    }

    #[test]
    fn bad_splits_are_refused_by_the_parameters_name() {
        let refused = |how, workers, labels: &[u8], classes, parameter: &str| match Split::new(
            how, workers, 1, labels, classes,
        ) {
            Err(DataError::Parameter { name, .. }) => assert_eq!(name, parameter, "{how:?} {workers}"),
            other => panic!("{how:?} {workers}: {other:?}"),
        };
        refused(Spread::Iid, 0, &[0, 1], 2, "workers");
        refused(Spread::Iid, 3, &[0, 1], 2, "workers");
        refused(Spread::Iid, 1, &[], 2, "workers");
        for concentration in [0.0, -1.0, 1e-310, f64::NAN, f64::INFINITY] {
            refused(Spread::DirichletByClass { concentration }, 2, &[0, 1], 2, "concentration");
            refused(Spread::DirichletByWorker { concentration }, 2, &[0, 1], 2, "concentration");
        }
        let labels = [0, 1, 2, 0, 1, 2];
        for (workers, each) in [(2, 0), (2, 1), (2, 4), (6, 2), (4, 2), (1, usize::MAX)] {
            refused(Spread::ByClass { classes_per_worker: each }, workers, &labels, 3, "classes_per_worker");
        }
        // Two workers must take two classes each to place three, which are four shards of three samples.
        refused(Spread::ByClass { classes_per_worker: 2 }, 2, &[0, 1, 2], 3, "workers");
        for classes in [0, 1] {
            let error = Split::new(Spread::Iid, 1, 1, &[0, 1], classes).unwrap_err();
            assert!(matches!(error, DataError::Shape(_)), "{error}");
        }
    }
}
