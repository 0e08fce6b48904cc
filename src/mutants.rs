//! Planted mistakes, which the tests must notice.
//!
//! `mutant!("name", wrong, right)` is the expression `right`: nothing else of it is compiled. Only a program that is
//! built with `--cfg signcheck_mutants` has both, and takes `wrong` where the environment variable `SIGNCHECK_MUTANT`
//! holds the name. `tests/mutants.rs` builds it, and says what must notice which mutant.

/// The right expression, or the wrong one where the mutant of this name acts.
#[cfg(not(signcheck_mutants))]
macro_rules! mutant {
    ($name:literal, $wrong:expr, $right:expr) => {
        $right
    };
}

/// The right expression, or the wrong one where the mutant of this name acts.
#[cfg(signcheck_mutants)]
macro_rules! mutant {
    ($name:literal, $wrong:expr, $right:expr) => {
        if $crate::mutants::acts($name) { $wrong } else { $right }
    };
}

/// All mutants.
#[cfg(signcheck_mutants)]
const NAMES: &[&str] = &[
    "the memory of error feedback is dropped",
    "the learning rate stands outside the compressor",
    "the momentum's new gradient lacks its factor",
    "the vote is the sign of the mean",
    "the median is the midpoint",
    "the noise is 2 % too large",
    "the step schedule is off by one",
    "a message is one bit too long",
    "the sign of 0 is flipped",
    "two workers draw from one stream",
    "f* is off by 1e-3",
    "the horizon is off by one",
    "a checkpoint is shifted",
    "a batch is not divided by its size",
    "a mean over time divides by one too few",
    "the momentum forgets nothing",
    "the minority wins the vote",
    "an outcome forgets its state's weight",
    "the quadratic lacks its factor 1/2",
];

/// Whether the mutant of this name acts.
///
/// # Panics
/// Where `SIGNCHECK_MUTANT` names none: a program that is asked for a mistake and makes none would prove nothing.
#[cfg(signcheck_mutants)]
pub(crate) fn acts(name: &str) -> bool {
    static CHOSEN: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| {
        let chosen = std::env::var_os("SIGNCHECK_MUTANT").map(|name| name.to_string_lossy().into_owned());
        if let Some(name) = &chosen {
            assert!(NAMES.contains(&name.as_str()), "SIGNCHECK_MUTANT is '{name}', which is none of {NAMES:?}");
        }
        chosen
    });
    chosen.as_deref() == Some(name)
}
