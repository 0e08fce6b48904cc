//! Iterates that are recorded for curves.

/// About `count` iterates from 0 to the horizon, both included.
pub(super) fn spaced(horizon: u64, count: u64, logarithmic: bool) -> Vec<u64> {
    let intervals = (count - 1).min(horizon);
    let mut times: Vec<u64> = (0..=intervals)
        .map(|i| {
            if logarithmic {
                let t = i as f64 / intervals as f64;
                libm::round(libm::pow(horizon as f64 + 1.0, t) - 1.0) as u64
            } else {
                // Integer arithmetic: the same iterates on every machine.
                (u128::from(horizon) * u128::from(i) / u128::from(intervals)) as u64
            }
        })
        .collect();
    times.dedup();
    times
}
