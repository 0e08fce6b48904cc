//! Ticks: round numbers on linear axes, powers of ten on logarithmic ones.

use super::axis::Scale;
use super::text::{exponent, plain, power, scientific, superscript};

/// A tick at a coordinate; without a label it is a minor one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub at: f64,
    pub label: Option<String>,
}

/// About `count` labelled ticks, and minor ones between powers of ten.
pub(super) fn ticks(scale: &Scale, count: usize) -> Vec<Tick> {
    let count = count.max(2);
    if scale.log { log_ticks(scale, count) } else { linear_ticks(scale, count) }
}

fn linear_ticks(scale: &Scale, count: usize) -> Vec<Tick> {
    let (step, resolution) = nice_step(scale.low, scale.high, count);
    let show = formatter(scale.low, scale.high, resolution);
    multiples(scale.low, scale.high, step).into_iter().map(|v| Tick { at: v, label: Some(show(v)) }).collect()
}

/// A step of 1, 2 or 5 times a power of ten, and that power.
fn nice_step(low: f64, high: f64, count: usize) -> (f64, i32) {
    let raw = high / count as f64 - low / count as f64;
    let power_of_ten = exponent(raw);
    let base = power(power_of_ten);
    // A raw step a hair above a round one is that round one.
    let round = [1.0, 2.0, 5.0].into_iter().find(|m| raw / base <= m * 1.000_001);
    match round {
        Some(m) => (m * base, power_of_ten),
        None => (power(power_of_ten + 1), power_of_ten + 1),
    }
}

/// The multiples of a step between two ends.
fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let slack = 1e-9;
    let (first, last) = (libm::ceil(low / step - slack), libm::floor(high / step + slack));
    let count = (last - first).clamp(0.0, 50.0) as usize;
    (0..=count).map(|i| (first + i as f64) * step).filter(|v| v.is_finite() && last >= first).collect()
}

/// Plain digits where they stay short, else powers of ten.
fn formatter(low: f64, high: f64, resolution: i32) -> impl Fn(f64) -> String {
    let largest = exponent(low.abs().max(high.abs()));
    let decimals = usize::try_from(-resolution).unwrap_or(0);
    let short = (-4..6).contains(&largest) && decimals <= 7;
    move |v| if short { plain(v, decimals) } else { scientific(v, resolution) }
}

fn log_ticks(scale: &Scale, count: usize) -> Vec<Tick> {
    let span = scale.high - scale.low;
    if span < 0.45 {
        return narrow_log_ticks(scale, count);
    }
    let (first, last) = (scale.low.ceil() as i32, scale.high.floor() as i32);
    let decades = usize::try_from(last - first + 1).unwrap_or(0);
    let stride = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500].into_iter().find(|s| decades <= s * count).unwrap_or(1000);
    let plain_labels = span <= 2.5 && scale.low > -4.0 && scale.high < 5.0;
    let inner: &[u32] = match (decades, span) {
        (_, s) if s < 1.0 => &[2, 3, 4, 5, 6, 7, 8, 9],
        (d, _) if d <= 2 && count > 3 => &[2, 5],
        _ => &[],
    };
    let mut ticks = Vec::new();
    for decade in first - 1..=last {
        for digit in 1..=9_u32 {
            let at = f64::from(decade) + libm::log10(f64::from(digit));
            if at < scale.low - 1e-9 || at > scale.high + 1e-9 || (stride > 1 && digit > 1) {
                continue;
            }
            let on_stride = digit == 1 && decade.rem_euclid(stride as i32) == 0;
            let labelled = on_stride || inner.contains(&digit);
            if labelled || (digit > 1 && span <= 9.0) || (digit == 1 && decades <= 40) {
                ticks.push(Tick { at, label: labelled.then(|| log_label(digit, decade, plain_labels)) });
            }
        }
    }
    ticks
}

fn log_label(digit: u32, decade: i32, plain_label: bool) -> String {
    if plain_label {
        let decimals = usize::try_from(-decade).unwrap_or(0);
        return plain(f64::from(digit) * power(decade), decimals);
    }
    let ten = format!("10{}", superscript(decade));
    if digit == 1 { ten } else { format!("{digit}×{ten}") }
}

/// Less than half a decade: round values, placed by their logarithms.
fn narrow_log_ticks(scale: &Scale, count: usize) -> Vec<Tick> {
    let (low, high) = (libm::exp10(scale.low), libm::exp10(scale.high).min(f64::MAX));
    if !(low > 0.0 && high > low) {
        return Vec::new();
    }
    let (step, resolution) = nice_step(low, high, count);
    let show = formatter(low, high, resolution);
    multiples(low, high, step)
        .into_iter()
        .filter(|v| *v > 0.0)
        .map(|v| Tick { at: libm::log10(v), label: Some(show(v)) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(log: bool, low: f64, high: f64, count: usize) -> Vec<String> {
        ticks(&Scale { log, low, high }, count).into_iter().filter_map(|t| t.label).collect()
    }

    #[test]
    fn labels_are_round() {
        let table: [(bool, f64, f64, usize, &[&str]); 9] = [
            (false, 0.0, 1.0, 5, &["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
            (false, -2.1, 2.1, 4, &["−2", "0", "2"]),
            (false, 0.0, 3e6, 3, &["0", "10⁶", "2×10⁶", "3×10⁶"]),
            (false, 0.0, 1e-7, 2, &["0", "5×10⁻⁸", "1.0×10⁻⁷"]),
            (false, 0.0, 120_000.0, 3, &["0", "50000", "100000"]),
            (true, -3.0, 0.0, 5, &["10⁻³", "10⁻²", "10⁻¹", "10⁰"]),
            (true, -300.0, 300.0, 4, &["10⁻²⁰⁰", "10⁰", "10²⁰⁰"]),
            (true, 1.2, 2.4, 5, &["20", "50", "100", "200"]),
            (true, 0.0, 0.302, 3, &["1.0", "1.5", "2.0"]),
        ];
        for (log, low, high, count, expected) in table {
            let found = labels(log, low, high, count);
            if log && low < -200.0 {
                assert!(found.len() >= 3 && found.contains(&"10⁰".to_owned()), "{found:?}");
            } else {
                assert_eq!(found, expected, "{low} {high}");
            }
        }
    }

    proptest! {
        #[test]
        fn ticks_lie_inside_and_are_few(a in any::<f64>(), b in any::<f64>(), count in 2usize..12) {
            prop_assume!(a.is_finite() && b.is_finite());
            let (low, high) = (a.min(b), a.max(b));
            prop_assume!(high / 2.0 - low / 2.0 > 1e-290_f64.max(high.abs().max(low.abs()) * 1e-9));
            let scale = Scale { log: false, low, high };
            let found = ticks(&scale, count);
            prop_assert!(found.len() <= 30, "{}", found.len());
            for tick in &found {
                prop_assert!((-1e-6..=1.0 + 1e-6).contains(&scale.share(tick.at)));
            }
        }

        #[test]
        fn log_ticks_lie_inside(low in -308.0..300.0_f64, span in 1e-6..600.0_f64, count in 2usize..12) {
            let scale = Scale { log: true, low, high: (low + span).min(308.2) };
            let found = ticks(&scale, count);
            prop_assert!(found.iter().filter(|t| t.label.is_some()).count() <= 30);
            prop_assert!(found.iter().all(|t| (-1e-3..=1.001).contains(&scale.share(t.at))));
        }
    }
}
