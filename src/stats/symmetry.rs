//! Symmetry of a law about a known centre, by the largest distance between it and its mirror image.
//!
//! **Definition** For deviations d_1, .., d_n from the centre: A = sup_x |F_n(x) - (1 - F_n(-x - 0))|, the largest
//! distance between the empirical laws of d and of -d. With the |d_i| in descending order and S_k the sum of the first k
//! signs (sgn 0 = 0), A = max_k |S_k|/n over the k at which |d| changes.
//!
//! **Null** *The law is symmetric about the centre.* Then the signs are fair coins that are independent of the |d_i|,
//! and S is a simple random walk: the tail of max_k |S_k| is known for every n and every symmetric law (Butler's
//! statistic). Among equal |d_i| only the sum counts, which makes the test conservative.
//!
//! **Centre** The level is exact where the centre is known, as the mean of a minibatch's gradient is: it is the gradient
//! of all images. About the mean of the sample itself it is approximate. With density f, variance s^2 and
//! u(t) = P[|d| >= t], the variance of the walk at height t is u - 4 f(t) E[|d|; |d| >= t] + 4 f(t)^2 s^2 then, in place
//! of u: smaller for a normal law, equal at most for Laplace's, larger for laws with a sharper peak.
//!
//! **Source** C. C. Butler, A test for symmetry using the sample distribution function, Annals of Mathematical
//! Statistics 40 (1969), 2209-2210. The tail by reflection at two barriers: W. Feller, An Introduction to Probability
//! Theory and Its Applications I, XIV.9, problem 3.

/// What a sample says about symmetry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Asymmetry {
    /// A, in [0, 1].
    pub distance: f64,
    /// P[max_k |S_k| >= n A] for fair signs.
    pub p_value: f64,
}

/// A and its p-value, of deviations from the known centre in any order. An empty sample is symmetric.
///
/// Cost O(n log n).
#[must_use]
pub(crate) fn asymmetry(deviations: &[f64]) -> Asymmetry {
    let mut order: Vec<f64> = deviations.iter().copied().filter(|d| *d != 0.0).collect();
    order.sort_unstable_by(|a, b| b.abs().total_cmp(&a.abs()));
    let (mut sum, mut most) = (0_i64, 0_u64);
    for (i, d) in order.iter().enumerate() {
        sum += if *d > 0.0 { 1 } else { -1 };
        if order.get(i + 1).is_none_or(|next| next.abs() != d.abs()) {
            most = most.max(sum.unsigned_abs());
        }
    }
    let distance = if deviations.is_empty() { 0.0 } else { most as f64 / deviations.len() as f64 };
    Asymmetry { distance, p_value: walk_reaches(order.len() as u64, most) }
}

/// P[max_{k <= m} |S_k| >= a] for the simple random walk S of m steps.
///
/// By reflection the walk stays between -a and a with probability sum_y w(y) P[S_m = y], where w is 1 on the open
/// intervals of width 2a around multiples of 4a, -1 on those between, and 0 at their ends. One less that is a sum of
/// terms that are 0 or more: no digit cancels in the tail.
#[must_use]
pub(crate) fn walk_reaches(m: u64, a: u64) -> f64 {
    if a == 0 {
        return 1.0;
    }
    if a > m {
        return 0.0;
    }
    let weight = |y: u64| {
        // Distance of y to the nearest multiple of 4a.
        let rest = y % (4 * a);
        let off = rest.min(4 * a - rest);
        match off.cmp(&a) {
            std::cmp::Ordering::Less => 0.0,
            std::cmp::Ordering::Equal => 1.0,
            std::cmp::Ordering::Greater => 2.0,
        }
    };
    // P[S_m = y] up to a factor, from the middle outwards: C(m, j - 1)/C(m, j) = j/(m - j + 1).
    let (mut all, mut tail) = (0.0, 0.0);
    let mut share = 1.0;
    for j in (0..=m / 2).rev() {
        let y = m - 2 * j;
        let both = if y == 0 { share } else { 2.0 * share };
        all += both;
        tail += both * weight(y);
        share *= j as f64 / (m - j + 1) as f64;
    }
    (tail / all).min(1.0)
}

#[cfg(test)]
mod tests;
