//! Hartigan's dip: how far a sample is from every unimodal law.
//!
//! **Definition** D = inf over unimodal G of sup_x |F_n(x) - G(x)|, with F_n the empirical distribution function; G is
//! convex below its mode and concave above it, and may have an atom at the mode alone. 1/(2n) <= D <= 1/4 for n >= 2,
//! where the lower end is a convention for samples that one atom would fit exactly.
//!
//! **Null** *The law is unimodal.* [`dip_p_value`] compares with dips of uniform samples of the same size: of all
//! unimodal laws the uniform one has, as n grows, the stochastically largest dip, so that the test is conservative for
//! laws with a peak. Equal values are atoms: away from the mode they count against unimodality, as they should.
//!
//! **Method** Rounds over a modal interval [low, high], at first everything. The greatest convex minorant of F_n from
//! the left and the least concave majorant from the right, over the interval, are farthest apart at a knot of one of
//! them; the next interval reaches from the knot of the minorant at or before it to that of the majorant at or after
//! it. What lies outside it on the left must be fitted by the minorant, what lies outside it on the right by the
//! majorant, at half the largest difference. The rounds end where the hulls are no farther apart than that.
//!
//! **Source** J. A. Hartigan and P. M. Hartigan, The dip test of unimodality, Annals of Statistics 13 (1985), 70-84.
//!
//! **Cost** O(n) for a sorted sample and each round; the rounds are few.

/// A distinct value, with the sample's counts below it and up to it: F_n jumps there from `below`/n to `upto`/n.
#[derive(Debug, Clone, Copy)]
struct Jump {
    at: f64,
    below: f64,
    upto: f64,
}

/// D of a sample in ascending order, without numbers that are not finite. An empty sample has the dip 0.
///
/// ```text
/// n equally spaced points: 1/(2n); n/2 points at each of two places: 1/4
/// ```
#[must_use]
pub(crate) fn dip(sorted: &[f64]) -> f64 {
    let jumps = jumps(sorted);
    let n = sorted.len() as f64;
    let (mut low, mut high) = (0, jumps.len().saturating_sub(1));
    // 2 n D so far.
    let mut least = 1.0_f64;
    while low < high {
        let minorant = hull(&jumps, low, high, |jump| jump.below, |turn| turn <= 0.0);
        let majorant = hull(&jumps, low, high, |jump| jump.upto, |turn| turn >= 0.0);
        let (apart, next) = farthest(&jumps, &minorant, &majorant);
        if apart <= least {
            break;
        }
        for at in low..next.0 {
            least = least.max(jumps[at].upto - height(&jumps, &minorant, at, |jump| jump.below));
        }
        for at in next.1 + 1..=high {
            least = least.max(height(&jumps, &majorant, at, |jump| jump.upto) - jumps[at].below);
        }
        if next == (low, high) {
            break;
        }
        (low, high) = next;
    }
    if sorted.is_empty() { 0.0 } else { least / (2.0 * n) }
}

/// The dips of `replicates` uniform samples of size n, in ascending order; `uniform` draws from (0, 1).
#[must_use]
pub(crate) fn uniform_dips(n: usize, replicates: usize, mut uniform: impl FnMut() -> f64) -> Vec<f64> {
    let mut sample = vec![0.0; n];
    let mut dips: Vec<f64> = (0..replicates)
        .map(|_| {
            sample.fill_with(&mut uniform);
            sample.sort_unstable_by(f64::total_cmp);
            dip(&sample)
        })
        .collect();
    dips.sort_unstable_by(f64::total_cmp);
    dips
}

/// (1 + b)/(1 + B), with b of the B simulated dips at or above the sample's: at most p with probability p or less if
/// the sample is uniform, for every B. Source: R. A. Fisher's randomisation test; (5.4) of Davison and Hinkley,
/// Bootstrap Methods and their Application, 1997.
#[must_use]
pub(crate) fn dip_p_value(dip: f64, simulated: &[f64]) -> f64 {
    let below = simulated.partition_point(|other| *other < dip);
    (1 + simulated.len() - below) as f64 / (1 + simulated.len()) as f64
}

fn jumps(sorted: &[f64]) -> Vec<Jump> {
    let mut jumps: Vec<Jump> = Vec::with_capacity(sorted.len());
    for (i, &at) in sorted.iter().enumerate() {
        match jumps.last_mut() {
            Some(last) if last.at == at => last.upto += 1.0,
            _ => jumps.push(Jump { at, below: i as f64, upto: (i + 1) as f64 }),
        }
    }
    jumps
}

/// The knots of a hull of the points (at, `value`) from `low` to `high`; a middle knot goes where `drop` says so of the
/// turn from the chord to it to the chord from it.
fn hull(
    jumps: &[Jump],
    low: usize,
    high: usize,
    value: impl Fn(&Jump) -> f64,
    drop: impl Fn(f64) -> bool,
) -> Vec<usize> {
    let mut knots: Vec<usize> = Vec::new();
    for next in low..=high {
        while let [.., a, b] = knots[..] {
            let (a, b, c) = (&jumps[a], &jumps[b], &jumps[next]);
            let turn = (value(c) - value(b)) * (b.at - a.at) - (value(b) - value(a)) * (c.at - b.at);
            if !drop(turn) {
                break;
            }
            knots.pop();
        }
        knots.push(next);
    }
    knots
}

/// A hull's height at a point that need not be a knot, by the chord over it.
fn height(jumps: &[Jump], knots: &[usize], at: usize, value: impl Fn(&Jump) -> f64) -> f64 {
    let right = knots.partition_point(|knot| *knot < at);
    let Some(&end) = knots.get(right) else { return f64::NAN };
    if end == at || right == 0 {
        return value(&jumps[end]);
    }
    let (a, b) = (&jumps[knots[right - 1]], &jumps[end]);
    value(a) + (value(b) - value(a)) * ((jumps[at].at - a.at) / (b.at - a.at))
}

/// The largest distance of the hulls, and the modal interval that belongs to it.
fn farthest(jumps: &[Jump], minorant: &[usize], majorant: &[usize]) -> (f64, (usize, usize)) {
    let mut best = (f64::MIN, (0, 0));
    for &knot in minorant {
        let apart = height(jumps, majorant, knot, |jump| jump.upto) - jumps[knot].below;
        if apart > best.0 {
            let after = majorant[majorant.partition_point(|other| *other < knot)];
            best = (apart, (knot, after));
        }
    }
    for &knot in majorant {
        let apart = jumps[knot].upto - height(jumps, minorant, knot, |jump| jump.below);
        if apart > best.0 {
            let before = minorant[minorant.partition_point(|other| *other <= knot) - 1];
            best = (apart, (before, knot));
        }
    }
    best
}

#[cfg(test)]
mod tests;
