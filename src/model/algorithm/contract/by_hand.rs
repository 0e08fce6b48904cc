//! Iterates of signs, feedback, momenta, votes, delays and flows that were worked out by hand.

use super::*;

fn real(n: i64, d: u64) -> (i64, u64) {
    (n, d)
}

/// One coordinate's iterates.
fn assert_path(setup: Setup, start: (i64, u64), expected: &[(i64, u64)]) {
    let found = setup.iterates(&[1], &[q(start.0, start.1)], expected.len() as u64);
    let expected: Vec<Vec<Rational>> = expected.iter().map(|(n, d)| vec![q(*n, *d)]).collect();
    assert_eq!(found, expected);
}

#[test]
fn delayed_signsgd() {
    // exact: f = x^2/2, lr = 1/2, x_0 = 1; gradients are x_{k-1} (x_0 at first): 1, 1, 1/2, 0, -1/2, -1/2
    let half = |workers| Setup::new("delayed-signsgd", workers).schedule("step_size", q(1, 2));
    assert_path(half(1), real(1, 1), &[(1, 2), (0, 1), (-1, 2), (-1, 2), (0, 1), (1, 2)]);
    // exact: tau = 2: gradients 1, 1, 1, 1/2, 0, -1/2
    let two = half(1).with(count("delay", 2));
    assert_path(two, real(1, 1), &[(1, 2), (0, 1), (-1, 2), (-1, 1), (-1, 1), (-1, 2)]);
    // exact: two workers, one punctual and one late: x_k + x_{k-1} is 2, 3/2, 1/2, -1/2, -1/2
    let mixed = half(2).with(("delay", vector(&[0, 1])));
    assert_path(mixed, real(1, 1), &[(1, 2), (0, 1), (-1, 2), (0, 1), (1, 2)]);
}

#[test]
fn signsgd_dim() {
    // exact: f = x^2/2, gamma = theta = 1/2, x_0 = 1: y = 2x - x_prev
    //   y: 1, 0, -1/2, 1, -1/2;  m: 1/2, 1/4, 1/8 - 1/4 = -1/8, -1/16 + 1/2 = 7/16, 7/32 - 1/4 = -1/32
    let setup = Setup::new("signsgd-dim", 1).schedule("step_size", q(1, 2));
    let run = setup.run(&[q(1, 1)], 5, &mut Probe::plain(&[1])).unwrap();
    assert_eq!(
        run.iter().map(|(_, state)| state[0].clone()).collect::<Vec<_>>(),
        [q(1, 2), q(1, 4), q(-1, 8), q(7, 16), q(-1, 32)]
    );
    assert_path(setup, real(1, 1), &[(1, 2), (0, 1), (1, 2), (0, 1), (1, 2)]);
}

#[test]
fn signum_noise() {
    // exact: with step size 0 the path is x_0 - sum of xi/4, the draws being the probe's calls 2, 4, .. ; with step
    // size 1/8 it differs by signum's own steps, whose signs are those of the momentum in the state
    let draw = |k: u64| {
        let mut probe = Probe { calls: 2 * k + 1, ..Probe::plain(&[1]) };
        let mut xi = [Rational::zero()];
        probe.perturbation(&mut xi).unwrap();
        xi[0].clone()
    };
    for lr in [q(0, 1), q(1, 8)] {
        let setup = Setup::new("signum-noise", 1).schedule("step_size", lr.clone());
        let run = setup.run(&[q(1, 1)], 5, &mut Probe::plain(&[1])).unwrap();
        let mut x = q(1, 1);
        let mut m = Rational::zero();
        for (k, (found, state)) in run.into_iter().enumerate() {
            m = (m + &x) * q(1, 2);
            x = x - lr.clone() * Rational::integer(m.signum()) - q(1, 4) * draw(k as u64);
            assert_eq!((found, state), (vec![x.clone()], vec![m.clone()]));
        }
    }
}

#[test]
fn vote_abstain() {
    // exact: workers with gradients x, x - 1/4, x - 1/2; a vote needs |g| >= 1/4 and two on its side
    //   x = 1, 7/8, 3/4: three votes +; 5/8 (5/8, 3/8, 1/8) and 1/2 (1/2, 1/4, 0): two votes +;
    //   3/8 (3/8, 1/8, -1/8): one
    let setup = || Setup::new("vote-abstain", 3);
    let apart = || Probe { alike: false, ..Probe::plain(&[1]) };
    let path = |setup: Setup, steps| {
        let run = setup.run(&[q(1, 1)], steps, &mut apart()).unwrap();
        run.into_iter().map(|(x, _)| x[0].clone()).collect::<Vec<_>>()
    };
    let quorum = setup().with(count("quorum", 2));
    let down = [q(7, 8), q(3, 4), q(5, 8), q(1, 2), q(3, 8)];
    assert_eq!(path(quorum, 7), [&down[..], &[q(3, 8), q(3, 8)]].concat());
    // exact: without a quorum the one vote at 3/8 moves; at 1/4 (1/4, 0, -1/4) there is a tie
    assert_eq!(path(setup(), 8), [&down[..], &[q(1, 4), q(1, 4), q(1, 4)]].concat());
    // exact: that tie, broken to +, has one vote: enough for a quorum of 1, not for one of 2
    let plus = Semantics { ties: SignZero::Plus, ..Semantics::default() };
    for (quorum, expected) in [(1, q(1, 8)), (2, q(1, 4))] {
        let setup = setup().with(count("quorum", quorum)).under(plus.clone());
        let run = setup.run(&[q(1, 4)], 1, &mut apart()).unwrap();
        assert_eq!(run[0].0, [expected]);
    }
}

#[test]
fn mv_sto_signsgd_sim() {
    // exact: f = x^2/2, theta = 1/2, alpha = 1, gamma = 1/4, R = 1/32, one worker: |m| >= R makes every sign certain
    //   y = 2x - x_prev: 1, 1/2, 1/4, 0, -1/4;  m: 1/2, 1/2, 3/8, 3/16, 3/32 - 1/8 = -1/32, not beyond R
    let setup = Setup { others: vec![number("radius", 1, 32)], ..Setup::new("mv-sto-signsgd-sim", 1) };
    let setup = setup.schedule("step_size", q(1, 4)).schedule("extrapolation", q(1, 1));
    let run = setup.run(&[q(1, 1)], 5, &mut Probe::plain(&[1])).unwrap();
    // kept are the last iterate, how often m was beyond R and its share in the last step, and m
    assert_eq!(run[3].1[1..3], [q(4, 1), q(1, 1)]);
    assert_eq!(run[4].1, [q(0, 1), q(4, 1), q(0, 1), q(-1, 32)]);
    assert_path(setup, real(1, 1), &[(3, 4), (1, 2), (1, 4), (0, 1), (1, 4)]);
    // exact: one local step of eta = 1/2 halves: g = x/2;  m: 1/4, 5/16, 9/32, 13/64, 13/128, all beyond R = 1/16
    let others = vec![number("radius", 1, 16), count("local_steps", 1)];
    let setup = Setup { others, ..Setup::new("federated-mv-sto-signsgd-sim", 1) };
    let setup = setup.schedule("step_size", q(1, 4)).schedule("extrapolation", q(0, 1));
    let setup = setup.schedule("local_step_size", q(1, 2));
    let run = setup.run(&[q(1, 1)], 5, &mut Probe::plain(&[1])).unwrap();
    assert_eq!(run[4].1, [q(0, 1), q(5, 1), q(1, 1), q(13, 128)]);
    assert_path(setup, real(1, 1), &[(3, 4), (1, 2), (1, 4), (0, 1), (-1, 4)]);
}

#[test]
fn the_share_of_clipped_probabilities() {
    // exact: three workers with gradients x, x - 1/4, x - 1/2 at x = (1/4, 1): (1/4, 1), (0, 3/4), (-1/4, 1/2); beyond
    // R = 1/2 are 1 and 3/4 (1/2 is at it: its probability is 1 without a cut): 2 of 6
    let setup = Setup { others: vec![number("radius", 1, 2)], ..Setup::new("mv-sto-signsgd", 3) };
    let mut probe = Probe { alike: false, ..Probe::plain(&[1, 1]) };
    let run = setup.run(&[q(1, 4), q(1, 1)], 1, &mut probe).unwrap();
    // the last iterate, the counts by coordinate, and the share
    assert_eq!(run[0].1[..5], [q(1, 4), q(1, 1), q(0, 1), q(2, 1), q(1, 3)]);
}

#[test]
fn stochastic_votes_have_the_stated_probabilities() {
    // exact: R = 2, one worker, theta = 0: P[+] = 1/2 + g/4; the probe's u are odd multiples of 1/32, so that with
    // g = 1 exactly the u below 3/4 give +, and the iterate moves down
    for replicate in 0..32 {
        let setup = Setup::new("mv-sto-signsgd-sim", 1).schedule("momentum", q(0, 1));
        let mut probe = Probe { first: replicate, ..Probe::plain(&[1]) };
        let run = setup.run(&[q(1, 1)], 1, &mut probe).unwrap();
        let mut coin = Probe { first: replicate, calls: 1, ..Probe::plain(&[1]) };
        let mut out = [Rational::zero()];
        coin.coin(&[q(3, 4)], &mut out).unwrap();
        assert_eq!(run[0].0[0], q(1, 1) - (out[0].clone() * q(2, 1) - q(1, 1)) * q(1, 8));
    }
}

#[test]
fn compressed_sgd() {
    // exact: f = |x|^2/2, lr = 1/2, top-1 halves the larger coordinate, the first among equals
    let mut top = Params::default();
    top.values.insert("k", ParamValue::Number(Real::integer(1)));
    let setup = Setup::new("compressed-sgd", 1).schedule("step_size", q(1, 2));
    let setup = setup.with((
        "compressor",
        ParamValue::Compressor(crate::model::Registry::standard().compressor("top-k").unwrap(), top),
    ));
    assert_iterates(
        setup.iterates(&[1, 1], &[q(2, 1), q(1, 1)], 5),
        &[&[(1, 1), (1, 1)], &[(1, 2), (1, 1)], &[(1, 2), (1, 2)], &[(1, 4), (1, 2)], &[(1, 4), (1, 4)]],
    );
}

#[test]
fn adam_and_rmsprop() {
    // exact: f = x^2/2, lr = 1, beta2 = 0, eps = 1: rmsprop is x -= x/(|x| + 1), so that 1/n becomes 1/(n (n + 1))
    let rmsprop = Setup::new("rmsprop", 1).schedule("step_size", q(1, 1)).with(count("beta2", 0));
    let expected = [(1, 2), (1, 6), (1, 42), (1, 1806), (1, 1806 * 1807)];
    assert_path(rmsprop.with(count("epsilon", 1)), real(1, 1), &expected);
    // exact: adam with beta1 = 1/2, uncorrected: x -= m/(|x| + 1)
    //   m = 1/2: 1 - 1/4 = 3/4; m = 5/8, over 7/4: 3/4 - 5/14 = 11/28; m = 57/112, over 39/28: 11/28 - 19/52 = 5/182;
    //   m = 781/2912, over 187/182: 5/182 - 71/272 = -5781/24752; m = (781/2912 - 5781/24752)/2 = 1715/99008, over
    //   30533/24752: m/.. = 1715/122132, and -5781/24752 - 1715/122132 is the last
    let adam = |correction: &str| {
        let setup = Setup::new("adam", 1).schedule("step_size", q(1, 1)).with(count("beta2", 0));
        let setup = setup.with(count("epsilon", 1)).with(number("beta1", 1, 2));
        setup.with(("bias_correction", ParamValue::Text(correction.into())))
    };
    let last = q(-5781, 24752) - q(1715, 122_132);
    let found = adam("no").iterates(&[1], &[q(1, 1)], 5);
    assert_eq!(found.concat(), [q(3, 4), q(11, 28), q(5, 182), q(-5781, 24752), last]);
    // exact: corrected by 1 - 2^-t: m^ = 1: 1 - 1/2; m = 1/2, m^ = 2/3, over 3/2: 1/2 - 4/9
    assert_path(adam("yes"), real(1, 1), &[(1, 2), (1, 18)]);
    // exact: a first step corrected in m and v is lr sgn(g): v = g^2/4 over 1 - 3/4
    let first = Setup::new("adam", 1).with(number("beta1", 1, 2)).with(number("beta2", 3, 4));
    assert_path(first.with(count("epsilon", 0)), real(3, 1), &[(23, 8)]);
}

#[test]
fn sign_flow() {
    // exact: time 3/8 a step at speed 2: 3/4 towards 0, where a coordinate stays
    let setup = Setup::new("sign-flow", 1).schedule("step_size", q(3, 8)).with(count("speed", 2));
    let found = setup.iterates(&[1, 4], &[q(3, 1), q(-1, 1)], 5);
    assert_iterates(
        found,
        &[&[(9, 4), (-1, 4)], &[(3, 2), (0, 1)], &[(3, 4), (0, 1)], &[(0, 1), (0, 1)], &[(0, 1), (0, 1)]],
    );
    // A gradient flow is an exponential.
    let refused = Setup::new("gradient-flow", 1).run(&[q(1, 1)], 1, &mut Probe::plain(&[1]));
    assert!(matches!(refused, Err(Fault::NoExactForm(_))));
}

#[test]
fn gradient_flow() {
    // exact: x_k = e^{-a k t} x_0 with a = 2, t = 1/8: after 5 steps 3 e^{-5/4}; libm's exp is off by less than 1e-15
    let run = Setup::new("gradient-flow", 1).run(&[Narrow::splat(3.0)], 5, &mut Probe::plain(&[2])).unwrap();
    assert!((run[4].0[0].0[0] - 3.0 * libm::exp(-1.25)).abs() < 1e-14);
    let run = Setup::new("gradient-flow", 1).run(&[Enclosure::ratio(3, 1)], 5, &mut Probe::plain(&[2])).unwrap();
    let ((low, high), value) = (run[4].0[0].ends(), 3.0 * libm::exp(-1.25));
    assert!(low - 1e-15 <= value && value <= high + 1e-15 && high - low < 1e-15);
}

#[test]
fn parameters_out_of_range_are_refused() {
    let refused = |name: &str, (key, value): (&'static str, ParamValue)| {
        let entry = ALL.iter().find(|e| e.name == name).expect("registered");
        let mut p = Params { dimension: 2, workers: 2, ..Params::default() };
        let defaults = [count("beta1", 0), count("beta2", 0), count("epsilon", 0), count("quorum", 0)];
        p.values.extend(defaults);
        p.values.extend(
            ["step_size", "momentum", "extrapolation", "threshold"].map(|n| (n, ParamValue::Schedule(Slot(0)))),
        );
        p.values.insert(key, value);
        (entry.build)(&p).is_err_and(|e| e.key == Some(key))
    };
    for (name, given) in [
        ("adam", count("beta1", 1)),
        ("adam", count("beta2", -1)),
        ("rmsprop", count("epsilon", -1)),
        ("delayed-signsgd", count("delay", -1)),
        ("delayed-signsgd", ("delay", vector(&[1, 2, 3]))),
        ("vote-abstain", count("quorum", -1)),
        ("mv-sto-signsgd-sim", count("radius", 0)),
        ("gradient-flow", count("speed", 0)),
    ] {
        let key = given.0;
        assert!(refused(name, given), "{name} {key}");
    }
}

pub(super) fn assert_iterates(found: Vec<Vec<Rational>>, expected: &[&[(i64, u64)]]) {
    let expected: Vec<Vec<Rational>> = expected.iter().map(|x| x.iter().map(|(n, d)| q(*n, *d)).collect()).collect();
    assert_eq!(found, expected);
}

#[test]
fn signsgd_by_hand() {
    // exact: f = |x|^2/2, lr = 1/2; a coordinate walks to 0 and rests there, as sgn(0) = 0
    let setup = Setup::new("signsgd", 1).schedule("step_size", q(1, 2));
    let found = setup.iterates(&[1, 1], &[q(1, 1), q(-1, 2)], 5);
    let zero: &[(i64, u64)] = &[(0, 1), (0, 1)];
    assert_iterates(found, &[&[(1, 2), (0, 1)], zero, zero, zero, zero]);
    // exact: with sgn(0) = +1 it leaves 0 for -1/2 and comes back
    let plus = Semantics { sign_zero: SignZero::Plus, ..Semantics::default() };
    let found = setup.under(plus).iterates(&[1, 1], &[q(1, 1), q(-1, 2)], 5);
    let a: &[(i64, u64)] = &[(0, 1), (-1, 2)];
    let b: &[(i64, u64)] = &[(-1, 2), (0, 1)];
    assert_iterates(found, &[&[(1, 2), (0, 1)], a, b, a, b]);
}

#[test]
fn signum_by_hand() {
    // exact: f = x^2/2, lr = beta = 1/2, x_0 = 1
    //   m: 1/2; 1/4 + 1/4 = 1/2; 1/4 + 0 = 1/4; 1/8 - 1/4 = -1/8; -1/16 + 0
    let setup = Setup::new("signum", 1).schedule("step_size", q(1, 2));
    assert_iterates(setup.iterates(&[1], &[q(1, 1)], 5), &[&[(1, 2)], &[(0, 1)], &[(-1, 2)], &[(0, 1)], &[(1, 2)]]);
    // exact: warm-up of 3: x follows sgn g to 1/2, 0, 0 while m is 1/2, 1/2, 1/4; then m = 1/8, and
    //   1/16 - 1/4 = -3/16
    let setup = setup.with(("warmup", ParamValue::Number(Real::integer(3))));
    assert_iterates(setup.iterates(&[1], &[q(1, 1)], 5), &[&[(1, 2)], &[(0, 1)], &[(0, 1)], &[(-1, 2)], &[(0, 1)]]);
}

#[test]
fn momentum_starts_at_the_first_gradient_where_asked() {
    // exact: f = x^2/2, lr = 1/4, beta = 1/2, x_0 = 1: m = 1, x = 3/4; m = 3/4 + 1/2 = 5/4, x = 7/16
    let first = Semantics { momentum_start: MomentumStart::FirstGradient, ..Semantics::default() };
    let setup = Setup::new("sgdm", 1).schedule("step_size", q(1, 4)).under(first.clone());
    assert_iterates(setup.iterates(&[1], &[q(1, 1)], 2), &[&[(3, 4)], &[(7, 16)]]);
    // exact, averaged form: m = 1, x = 3/4; m = 1/2 + 3/8 = 7/8, x = 3/4 - 7/32 = 17/32
    let average = Semantics { momentum_form: Some(MomentumForm::Average), ..first };
    let setup = setup.under(average);
    assert_iterates(setup.iterates(&[1], &[q(1, 1)], 2), &[&[(3, 4)], &[(17, 32)]]);
}

#[test]
fn ef_signsgd_by_hand() {
    // exact: f = |x|^2/2, lr = 1/2, x_0 = (2, 1)
    //   p = (1, 1/2), scale 3/4: x = (5/4, 1/4), e = (1/4, -1/4)
    //   p = (7/8, -1/8), scale 1/2: x = (3/4, 3/4), e = (3/8, 3/8)
    //   p = (3/4, 3/4), scale 3/4: x = 0, e = 0, and all is at rest
    let setup = Setup::new("ef-sgd", 1).schedule("step_size", q(1, 2));
    let zero: &[(i64, u64)] = &[(0, 1), (0, 1)];
    let found = setup.iterates(&[1, 1], &[q(2, 1), q(1, 1)], 5);
    assert_iterates(found, &[&[(5, 4), (1, 4)], &[(3, 4), (3, 4)], zero, zero, zero]);
}

#[test]
fn scaled_signgd_by_hand() {
    // exact: f = |x|^2/2, alpha = 1/4, x_0 = (2, 1); the steps are |x|_1/4 = 3/4, 3/8, 1/4, 3/16, 1/8
    let setup = Setup::new("scaled-signgd", 1).schedule("step_size", q(1, 4));
    assert_iterates(
        setup.iterates(&[1, 1], &[q(2, 1), q(1, 1)], 5),
        &[&[(5, 4), (1, 4)], &[(7, 8), (-1, 8)], &[(5, 8), (1, 8)], &[(7, 16), (-1, 16)], &[(5, 16), (1, 16)]],
    );
    // exact: the mean form divides by d = 2; blocks of one coordinate make it x -= lr g
    let mean = Setup::new("scaled-signsgd-mean", 1).schedule("step_size", q(1, 2));
    assert_iterates(mean.iterates(&[1, 1], &[q(2, 1), q(1, 1)], 1), &[&[(5, 4), (1, 4)]]);
    let blocks = Semantics { scaling: Scaling::Blocks(vec![1, 1]), ..Semantics::default() };
    assert_iterates(mean.under(blocks).iterates(&[1, 1], &[q(2, 1), q(1, 1)], 1), &[&[(1, 1), (1, 2)]]);
}

#[test]
fn signsgd_sim_by_hand() {
    // exact: f = |x|^2/2, gamma = 1/2, theta = 3/4, x_0 = (1, 2), c = (1, 2)
    //   m_1: 1/4, 5/16, 15/64, 13/256, -217/1024;  m_2 = twice that, since coordinate 2 is twice coordinate 1
    let setup = Setup { dimension: 2, ..Setup::new("signsgd-sim", 1) }
        .schedule("step_size", q(1, 2))
        .schedule("momentum", q(3, 4))
        .with(("step_factors", vector(&[1, 2])));
    let found = setup.run(&[q(1, 1), q(2, 1)], 5, &mut Probe::plain(&[1, 1])).unwrap();
    // after them the iterate that it was taken at
    assert_eq!(found[4].1, [q(-217, 1024), q(-217, 512), q(-1, 1), q(-2, 1)]);
    let iterates = found.into_iter().map(|(x, _)| x).collect();
    assert_iterates(
        iterates,
        &[&[(1, 2), (1, 1)], &[(0, 1), (0, 1)], &[(-1, 2), (-1, 1)], &[(-1, 1), (-2, 1)], &[(-1, 2), (-1, 1)]],
    );
}

#[test]
fn adagrad_by_hand() {
    // exact: li2021, example 3: f = x^2/2, eta = 1, x_0 = 1/2: b = 1 and x = -1/2; then b = sqrt 2
    let setup = Setup::new("sign-adagrad-b", 1).schedule("step_size", q(1, 1));
    assert_iterates(setup.iterates(&[1], &[q(1, 2)], 1), &[&[(-1, 2)]]);
    let mut probe = Probe::plain(&[1]);
    assert!(matches!(setup.run(&[q(1, 2)], 2, &mut probe), Err(Fault::NoExactForm(_))));
    // exact: b0 = 4, g = (3, 0): b = 5; norm steps by 3/5 and the sign by 1/5, sgn(0) = 0
    for (name, expected) in [("adagrad-norm", (12, 5)), ("sign-adagrad-a", (14, 5))] {
        let setup =
            Setup::new(name, 1).schedule("step_size", q(1, 1)).with(("b0", ParamValue::Number(Real::integer(4))));
        assert_iterates(setup.iterates(&[1, 1], &[q(3, 1), q(0, 1)], 1), &[&[expected, (0, 1)]]);
    }
    // exact: b = 0 means no step, whatever sgn(0) is
    let plus = Semantics { sign_zero: SignZero::Plus, ..Semantics::default() };
    let still = Setup::new("sign-adagrad-a", 1).under(plus);
    assert_iterates(still.iterates(&[1], &[q(0, 1)], 1), &[&[(0, 1)]]);
}
