//! One definition, three arithmetics: lanes, rationals and enclosures of the same runs.
//!
//! Signs are discontinuous, so that a lane's run and an exact one may part where a gradient is within rounding of 0.
//! On dyadic instances nothing is rounded and they agree bit for bit. Elsewhere such near-ties are counted, and the
//! enclosure of every run that parts must be wide, or undecided, from that step on: it has noticed.

use super::*;

/// What a comparison of one run in three arithmetics saw.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    /// Steps with exact iterates.
    steps: u64,
    /// Of these, steps with an enclosure, which then held them.
    enclosed: u64,
    /// Runs whose lanes left the exact run.
    parted: u64,
    /// Runs without enclosures from some step on: a vote or an order was not decided.
    undecided: u64,
    /// Runs that left the rationals.
    irrational: u64,
    runs: u64,
}

impl Seen {
    fn add(&mut self, other: Seen) {
        self.steps += other.steps;
        self.enclosed += other.enclosed;
        self.parted += other.parted;
        self.undecided += other.undecided;
        self.irrational += other.irrational;
        self.runs += other.runs;
    }
}

/// The iterates up to the first fault, and that fault. Runs are deterministic: shorter ones are beginnings of longer.
fn until_fault<S: Test>(setup: &Setup, start: &[Rational], probe: &dyn Fn() -> Probe) -> (Vec<Vec<S>>, Option<Fault>) {
    let start: Vec<S> = start.iter().map(S::start).collect();
    let mut fault = None;
    for steps in (1..=STEPS).rev() {
        match setup.run(&start, steps, &mut probe()) {
            Ok(run) => return (run.into_iter().map(|(x, _)| x).collect(), fault),
            Err(why) => fault = Some(why),
        }
    }
    (Vec::new(), fault)
}

const STEPS: u64 = 6;

fn holds(enclosure: &Enclosure, exact: &Rational) -> bool {
    let ((low, high), end) = (enclosure.ends(), |v: f64| Rational::from_double(v));
    end(low).is_none_or(|low| low <= *exact) && end(high).is_none_or(|high| *exact <= high)
}

fn width(enclosure: &Enclosure) -> f64 {
    let (low, high) = enclosure.ends();
    high - low
}

/// Runs one setup in all three; panics where an enclosure does not hold, or where a lane parts unnoticed.
fn compare(setup: &Setup, start: &[Rational], probe: &dyn Fn() -> Probe) -> Seen {
    let (exact, fault) = until_fault::<Rational>(setup, start, probe);
    let (enclosed, open) = until_fault::<Enclosure>(setup, start, probe);
    let (lanes, none) = until_fault::<Narrow>(setup, start, probe);
    let name = setup.name;
    assert!(none.is_none(), "{name}: a lane has no fault, and this is {none:?}");
    assert!(matches!(fault, None | Some(Fault::NoExactForm(_))), "{name}: {fault:?} in rationals");
    assert!(matches!(open, None | Some(Fault::Undecided(_) | Fault::DivisionByZero)), "{name}: {open:?} in enclosures");
    let mut seen = Seen {
        runs: 1,
        steps: exact.len() as u64,
        undecided: u64::from(open.is_some()),
        irrational: u64::from(fault.is_some()),
        ..Seen::default()
    };
    for (k, (exact, lane)) in exact.iter().zip(&lanes).enumerate() {
        if let Some(enclosed) = enclosed.get(k) {
            let inside = enclosed.iter().zip(exact).all(|(e, q)| holds(e, q));
            assert!(inside, "{name}, step {k}: {enclosed:?} leaves out {exact:?}");
            seen.enclosed += 1;
        }
        let close = |(q, v): (&Rational, &Narrow)| (q.to_f64() - v.0[0]).abs() <= 1e-9 * (1.0 + v.0[0].abs());
        if seen.parted == 0 && !exact.iter().zip(lane).all(close) {
            seen.parted = 1;
            let noticed = enclosed.get(k).is_none_or(|e| e.iter().any(|e| width(e) > 1e-9));
            assert!(noticed, "{name}, step {k}: {lane:?} parts from {exact:?} where {:?} is narrow", enclosed.get(k));
        }
    }
    // Where there are no exact iterates the enclosures hold the lanes' up to rounding.
    for (enclosed, lane) in enclosed.iter().zip(&lanes).skip(exact.len()) {
        let near = |(e, v): (&Enclosure, &Narrow)| {
            let (low, high) = e.ends();
            low - 1e-9 <= v.0[0] && v.0[0] <= high + 1e-9
        };
        assert!(enclosed.iter().zip(lane).all(near), "{name}: {enclosed:?} leaves out {lane:?}");
    }
    seen
}

/// Every entry under every convention with these numbers of workers, from starts and step sizes of the given kind.
fn survey(
    workers: &[usize],
    prepare: impl Fn(Setup) -> Setup,
    start: impl Fn(u64) -> Vec<Rational>,
) -> Vec<(&'static str, Seen)> {
    ALL.iter()
        .map(|entry| {
            let mut total = Seen::default();
            for (semantics, m) in conventions().into_iter().flat_map(|s| workers.iter().map(move |m| (s.clone(), *m))) {
                let setup = prepare(Setup::new(entry.name, m).under(semantics));
                for (replicate, noisy) in (0..3).flat_map(|r| [(r, true), (r, false)]) {
                    total.add(compare(&setup, &start(replicate), &|| Probe { noisy, ..Probe::new(replicate) }));
                }
            }
            (entry.name, total)
        })
        .collect()
}

#[test]
fn dyadic_runs_agree_bit_for_bit_and_are_enclosed() {
    // Bits are compared in the parent's test for all replicates; here no run may part, and all exact steps are held.
    for (name, seen) in survey(&[1, 2, 4], |setup| setup, start::<Rational>) {
        println!("{name}: {seen:?}");
        assert_eq!(seen.parted, 0, "{name}");
        assert_eq!(seen.irrational > 0, IRRATIONAL.contains(&name), "{name}: {seen:?}");
        assert!(seen.enclosed > 0 || IRRATIONAL.contains(&name), "{name} was never enclosed: {seen:?}");
    }
}

#[test]
fn near_ties_elsewhere_are_counted_and_noticed() {
    // Tenths: 3/10 - 3 * 1/10 is 0, and -2.8e-17 in doubles. Workers' targets at multiples of 1/4 add ties at 1/2.
    let tenths = |replicate: u64| (0..4).map(|i| q((mix([replicate, 5, i]) % 19) as i64 - 9, 10)).collect::<Vec<_>>();
    let prepare = |setup: Setup| setup.schedule("step_size", q(1, 10)).schedule("momentum", q(2, 3));
    let mut total = Seen::default();
    for (name, seen) in survey(&[1, 3], prepare, tenths) {
        println!("{name}: {seen:?}");
        total.add(seen);
    }
    println!("near-ties: {} of {} runs parted, {} undecided", total.parted, total.runs, total.undecided);
    // Means of gradients without a sign never part: the count is of something.
    assert!(total.parted > 0 && total.enclosed * 2 > total.steps, "{total:?}");
}
