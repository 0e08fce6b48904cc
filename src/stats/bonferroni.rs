//! How a level is divided among the questions that it covers.
//!
//! A claim has a total level A. The cells of its bounds and controls and the looks at them are declared in its file, so
//! that their number is known before anything runs; each gets the same share A/parts (Bonferroni's correction). The
//! share depends on the file alone: not on what else runs, on the order, on the number of threads or on which cells
//! turned out easy. By the union bound any interval of the claim misses with probability at most A, and a run of many
//! claims raises a false alarm with probability at most the sum of their levels.

/// The share of each of `parts` equal parts: the largest double found not to overspend, parts * share <= total.
///
/// Nested divisions multiply: the share of a look is `bonferroni(bonferroni(total, cells), looks)`.
/// No part at all counts as one.
///
/// ```
/// // exact: powers of two divide without rounding
/// assert_eq!(signcheck::internals::stats::bonferroni(0.5, 4), 0.125);
/// ```
#[must_use]
pub fn bonferroni(total: f64, parts: usize) -> f64 {
    let parts = parts.max(1) as f64;
    let mut each = total / parts;
    // the quotient may have been rounded up by half an ulp; fma shows the exact sign of what is overspent
    while each > 0.0 && libm::fma(each, parts, -total) > 0.0 {
        each = each.next_down();
    }
    each
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_never_overspend_and_hardly_underspend(total in 1e-12..1.0_f64, parts in 1_usize..100_000) {
            let each = bonferroni(total, parts);
            // exact: fma has one rounding, so that its sign is the sign of each * parts - total
            prop_assert!(libm::fma(each, parts as f64, -total) <= 0.0);
            prop_assert!(each * (1.0 + 4.0 * f64::EPSILON) * parts as f64 >= total);
        }
    }

    #[test]
    fn ends() {
        assert_eq!(bonferroni(0.1, 0), 0.1);
        assert_eq!(bonferroni(0.0, 7), 0.0);
    }
}
