//! Random choices of the search, and the numbers that it tries.

use crate::rng::{CellKey, Stream};
use crate::scalar::{Rational, Scalar};

/// Choices from one keyed stream: the same seed, claim and bound give the same search.
pub struct Choices(Stream<1>);

/// What values a number may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A whole number, at least so much.
    Count(i64),
    /// Strictly between 0 and 1.
    Unit,
    /// Above 0.
    Positive,
    /// 0 or more.
    NonNegative,
    /// Below 0.
    Negative,
    /// 0 or less.
    NonPositive,
    /// Any number.
    Any,
}

/// Longest numerator or denominator that mutation may build up, in bits.
const MOST_BITS: usize = 40;
/// Largest whole number that mutation may build up: longer runs are not for a search.
const MOST_COUNT: i64 = 4096;
/// Largest whole number that is drawn.
const LARGEST: i64 = 256;

impl Class {
    /// Whether the value belongs to the class.
    #[must_use]
    pub fn holds(self, value: &Rational) -> bool {
        match self {
            Class::Count(least) => value.to_i64().is_some_and(|n| n >= least && n <= MOST_COUNT),
            Class::Unit => value.signum() > 0 && *value < Rational::one(),
            Class::Positive => value.signum() > 0,
            Class::NonNegative => value.signum() >= 0,
            Class::Negative => value.signum() < 0,
            Class::NonPositive => value.signum() <= 0,
            Class::Any => true,
        }
    }

    /// The class that the values of a list suggest.
    #[must_use]
    pub fn of(values: &[Rational]) -> Self {
        let all = |test: &dyn Fn(&Rational) -> bool| values.iter().all(test);
        if all(&|v| v.to_i64().is_some()) && all(&|v| v.signum() >= 0) {
            return Class::Count(i64::from(all(&|v| v.signum() > 0)));
        }
        if all(&|v| Class::Unit.holds(v)) {
            Class::Unit
        } else if all(&|v| v.signum() > 0) {
            Class::Positive
        } else if all(&|v| v.signum() >= 0) {
            Class::NonNegative
        } else if all(&|v| v.signum() < 0) {
            Class::Negative
        } else if all(&|v| v.signum() <= 0) {
            Class::NonPositive
        } else {
            Class::Any
        }
    }
}

impl Choices {
    /// The random choices of a search.
    #[must_use]
    pub fn new(seed: u64, parameters: &[(&str, &str)]) -> Self {
        Choices(Stream::new(&CellKey::new(seed, parameters, "search"), 0))
    }

    /// One of 0, .., n - 1; 0 where n is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.0.bits()[0] % n.max(1) as u64) as usize
    }

    /// True once in n times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of the list.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// A fresh number: simple fractions and round numbers more often than others, sizes over some decades.
    pub fn number(&mut self, class: Class) -> Rational {
        match class {
            Class::Count(least) => Rational::integer(self.whole().max(least)),
            Class::Unit => match self.below(4) {
                // Near the ends, where step sizes and momenta are extreme.
                0 => Rational::ratio(1, 1 << (1 + self.below(6))),
                1 => Rational::one() - &Rational::ratio(1, 1 << (1 + self.below(6))),
                2 => Rational::ratio(1 + self.below(9) as i64, 10),
                _ => {
                    let d = 2 + self.below(11);
                    Rational::ratio(1 + self.below(d - 1) as i64, d as u64)
                }
            },
            Class::Positive => self.positive(),
            Class::NonNegative if self.one_in(8) => Rational::zero(),
            Class::NonNegative => self.positive(),
            Class::NonPositive if self.one_in(8) => Rational::zero(),
            Class::Negative | Class::NonPositive => -self.positive(),
            Class::Any => match self.below(8) {
                0 => Rational::zero(),
                1..=3 => -self.positive(),
                _ => self.positive(),
            },
        }
    }

    /// Powers and squares are drawn often, so that roots come out rational.
    fn whole(&mut self) -> i64 {
        match self.below(5) {
            0 | 1 => 1 + self.below(6) as i64,
            2 => *self.pick(&[1, 4, 8, 9, 16, 27, 32, 64, 81, 128, 256]),
            3 => 1 + self.below(32) as i64,
            _ => 1 + self.below(LARGEST as usize) as i64,
        }
    }

    fn positive(&mut self) -> Rational {
        match self.below(8) {
            // Momenta and probabilities are declared as positive numbers too.
            6 | 7 => self.number(Class::Unit),
            0 => Rational::one(),
            1 => Rational::ratio(1 + self.below(12) as i64, 1 + self.below(12) as u64),
            2 => Rational::ratio(1, self.whole() as u64),
            3 => Rational::integer(self.whole()),
            4 => {
                let (n, d) = (1 + self.below(8) as i64, 1 + self.below(8) as u64);
                Rational::ratio(n * n, d * d)
            }
            _ => {
                let power = self.below(15) as i32 - 7;
                let two = Rational::ratio(1 << power.max(0), 1 << (-power).max(0));
                two * Rational::ratio(1 + self.below(8) as i64, 1 + self.below(8) as u64)
            }
        }
    }

    /// A number near another, or far from it now and then; in the class still.
    pub fn near(&mut self, value: &Rational, class: Class) -> Rational {
        for _ in 0..8 {
            let moved = self.moved(value, class);
            if class.holds(&moved) && moved.bits() <= MOST_BITS && moved != *value {
                return moved;
            }
        }
        self.number(class)
    }

    fn moved(&mut self, value: &Rational, class: Class) -> Rational {
        if let (Class::Count(_), Some(n)) = (class, value.to_i64()) {
            let step = 1 + self.below(3) as i64;
            return Rational::integer(match self.below(6) {
                0 => n + step,
                1 => n - step,
                2 => n * 2,
                3 => n / 2,
                4 => n.saturating_mul(n).min(1 << 12),
                _ => return self.number(class),
            });
        }
        let factor = |n: i64, d: u64| Rational::ratio(n, d);
        match self.below(10) {
            0 => value.clone() * factor(2, 1),
            1 => value.clone() * factor(1, 2),
            2 => value.clone() * factor(3, 2),
            3 => value.clone() * factor(2, 3),
            4 | 5 => {
                let fine = 1u64 << (2 + self.below(8));
                let sign = if self.one_in(2) { 1 } else { -1 };
                value.clone() * factor(fine as i64 + sign, fine)
            }
            6 => {
                let fine = 1u64 << self.below(9);
                let sign = if self.one_in(2) { 1 } else { -1 };
                value.clone() + factor(sign, fine)
            }
            7 => -value.clone(),
            8 => rounded(value, 1 << self.below(5)),
            _ => self.number(class),
        }
    }

    /// A fresh number of a closed range.
    pub fn between(&mut self, low: &Rational, high: &Rational, whole: bool) -> Rational {
        let width = high.clone() - low;
        if whole {
            // Small numbers, squares and fourth powers more often than others: roots of them are rational.
            let least = low.to_i64().unwrap_or(0);
            let most = high.floor().to_i64().unwrap_or(least).max(least);
            let drawn = match self.below(3) {
                0 => self.whole(),
                1 => {
                    let power = 2 + 2 * self.below(2) as u32;
                    let root = (most.max(1) as f64).powf(1.0 / f64::from(power)) as usize;
                    (1 + self.below(root.max(1)) as i64).pow(power)
                }
                _ => least + self.below((most - least + 1) as usize) as i64,
            };
            return Rational::integer(if (least..=most).contains(&drawn) {
                drawn
            } else {
                least + self.below((most - least + 1) as usize) as i64
            });
        }
        // Simple numbers of the range as often as others.
        let simple = self.number(if low.signum() < 0 { Class::Any } else { Class::NonNegative });
        match self.below(8) {
            0 => low.clone(),
            1 => high.clone(),
            2..=4 if *low <= simple && simple <= *high => simple,
            _ => low.clone() + width * Rational::ratio(self.below(65) as i64, 64),
        }
    }
}

/// The nearest multiple of 1/d.
#[must_use]
pub(super) fn rounded(value: &Rational, d: u64) -> Rational {
    let scaled = value.clone() * Rational::integer(d as i64) + Rational::ratio(1, 2);
    scaled.floor() * Rational::ratio(1, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_in_their_class() {
        let mut choices = Choices::new(1, &[]);
        let signed = [Class::Positive, Class::NonNegative, Class::Negative, Class::NonPositive];
        for class in [Class::Count(1), Class::Count(0), Class::Unit, Class::Any].into_iter().chain(signed) {
            let mut value = choices.number(class);
            for _ in 0..2000 {
                assert!(class.holds(&value), "{class:?}: {value}");
                value = if choices.one_in(3) { choices.number(class) } else { choices.near(&value, class) };
            }
        }
    }

    #[test]
    fn the_class_of_a_list() {
        let of = |list: &[&str]| Class::of(&list.iter().map(|t| t.parse().unwrap()).collect::<Vec<_>>());
        assert_eq!(of(&["1", "4"]), Class::Count(1));
        assert_eq!(of(&["0", "4"]), Class::Count(0));
        assert_eq!(of(&["1/2", "9/10"]), Class::Unit);
        assert_eq!(of(&["1/2", "1"]), Class::Positive);
        assert_eq!(of(&["0", "1/2"]), Class::NonNegative);
        // The sign of what a file lists is part of its family.
        assert_eq!(of(&["-1/2"]), Class::Negative);
        assert_eq!(of(&["0", "-1/2"]), Class::NonPositive);
        assert_eq!(of(&["-1", "2"]), Class::Any);
    }

    #[test]
    fn rounding_is_to_the_nearest_multiple() {
        // exact: 0.7 is nearest to 3/4 among quarters and to 1 among whole numbers
        let value: Rational = "7/10".parse().unwrap();
        assert_eq!((rounded(&value, 4).to_string(), rounded(&value, 1).to_string()), ("3/4".into(), "1".into()));
    }
}
