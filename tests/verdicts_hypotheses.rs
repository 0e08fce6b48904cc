//! Hypotheses, requirements, constants and distances: what is known, what fails with a witness, and what is not known.
//!
//! The claims stand in `tests/cases/hypotheses`, each with its derivation by hand under `why`; `expect` is what that
//! says.

mod common;

use signcheck::internals::claim::{Instance, Variant, cells};
use signcheck::internals::stats::Interval;
use signcheck::model::{Answer, Atom, DynNoise, DynProblem, Evaluates, HYPOTHESES, Real, Registry, Ties, Witness};
use signcheck::results::{BoundRecord, Evidence, Outcome};
use signcheck::run::load;
use signcheck::run::{Catalog, check_claim};
use signcheck::scalar::{Narrow, Rational, Scalar};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/hypotheses")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(format!("{name}.toml"))).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn bounds(name: &str) -> Vec<BoundRecord> {
    check_claim(&text(name), &Registry::standard()).unwrap_or_else(|e| panic!("{name}: {e}")).bounds
}

/// Files that are refused, with a word of the message.
const REFUSED: &[(&str, &str)] = &[("dist-inf-oblique", "dist_inf"), ("dist-unknown", "'dist'")];

#[test]
fn every_case_comes_out_as_derived_by_hand() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_string();
        count += 1;
        if REFUSED.iter().any(|(refused, _)| *refused == name) {
            continue;
        }
        match check_claim(&text(&name), &Registry::standard()) {
            Ok(result) => {
                for bound in result.bounds.iter().filter(|b| !b.as_expected) {
                    wrong.push(format!(
                        "{name} [{}]: {:?}, not {:?}: {}",
                        bound.bound, bound.outcome, bound.expect, bound.reason
                    ));
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(count >= 48, "{count} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_has_no_formula_is_refused_by_name() {
    for (name, word) in REFUSED {
        let error = check_claim(&text(name), &Registry::standard()).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("minimisers"), "{name}: {error}");
    }
}

#[test]
fn a_caveat_is_told_and_a_plain_verdict_has_none() {
    // The reason says what is not known, what is only bounded, and which cells are left out.
    let reason = |name: &str, bound: usize| bounds(name)[bound].reason.clone();
    assert!(reason("unknown-holds", 0).contains("smooth-samples holds is not known"));
    assert!(reason("unknown-holds", 1).contains("smooth-samples is not decided"));
    assert!(reason("root-in-part", 0).contains("left out: 1 of 2"));
    let loose = &bounds("linf-quadratic")[2];
    assert!(loose.reason.contains("weaker statement") && loose.reason.contains("L1 = 12"), "{}", loose.reason);
    assert_eq!((loose.outcome, loose.evidence), (Outcome::Holds, Evidence::Numeric));
    let step = &bounds("loose-step")[0];
    assert!(step.reason.contains("L1 = 12") && step.evidence == Evidence::Numeric, "{}", step.reason);
    for plain in ["pl-three-rows", "linf-many", "no-tie", "just-below", "median", "logistic-floor"] {
        let bound = &bounds(plain)[0];
        assert!(!bound.has_caveats() || bound.reason.contains("L = "), "{plain}: {}", bound.reason);
    }
    // The table marks it.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), text("unknown-holds")).unwrap();
    let call = common::run(folder.path(), &["verify", "claim.toml"]);
    assert!(call.stdout.contains("with a caveat"), "{call}");
}

#[test]
fn constants_are_exact_where_they_can_be() {
    // exact: rank-deficient f = (x1 + x2)^2/2: mu = 2, and R is the distance of (2, 0) to x1 + x2 = 0, sqrt 2
    let audits = audits_of(&text("rank-deficient"));
    let pl = &audits.iter().find(|(name, _)| name == "pl").unwrap().1;
    assert_eq!((pl.holds(), pl.value.as_str(), pl.provenance.as_str()), (Some(true), "mu = 2", "exact"));
    // exact: the loose constant of the shared case is max |A'As|_1 = 8177/256
    let bound = &check_claim(&text("loose-fact"), &Registry::standard()).unwrap().bounds[0];
    assert_eq!(bound.outcome, Outcome::Violated);
    assert_eq!(linf_of(&text("loose-fact")), Rational::ratio(8177, 256));
}

fn linf_of(text: &str) -> Rational {
    let instance = instances(text).remove(0).1;
    instance.facts.get("Linf").unwrap().value.exact().unwrap().clone()
}

/// The first cell of every variant of a claim, built, with all hypotheses requested.
fn instances(text: &str) -> Vec<(Variant, Instance)> {
    let registry = Registry::standard();
    let spec = load("claim.toml", text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
    let mut found: Vec<(Variant, Instance)> = Vec::new();
    for scenario in spec.scenarios() {
        for variant in scenario.curves.iter().map(|(_, v)| v).chain([&scenario.variant]) {
            let Some(experiment) = variant.experiment() else { continue };
            let wanted =
                Variant { hypotheses: HYPOTHESES.iter().map(|h| h.name.to_string()).collect(), ..variant.clone() };
            if found.iter().any(|(v, _)| v.setup == wanted.setup && v.requires == wanted.requires) {
                continue;
            }
            let cell = cells(variant).unwrap().remove(0);
            match Instance::build(&registry, experiment, &cell) {
                // A data set that is not there, or parts that are refused, are another test's business.
                Ok(instance) if instance.problem.dimension() <= 200 => found.push((wanted, instance)),
                _ => {}
            }
        }
    }
    found
}

fn audits_of(text: &str) -> Vec<(String, signcheck::model::Audit)> {
    let (variant, instance) = instances(text).remove(0);
    instance.audit(&variant, Ties::NotSeen)
}

#[test]
fn no_hypothesis_fails_without_a_witness_that_others_can_check() {
    let mut wrong = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut look = |place: &str, text: &str| {
        for (variant, instance) in instances(text) {
            for (name, audit) in instance.audit(&variant, Ties::NotSeen) {
                if let Answer::Fails(witness) = audit.answer() {
                    *seen.entry(kind(witness)).or_default() += 1;
                    if !shows(witness, &name, &instance) {
                        wrong.push(format!("{place}: {name}: {}", audit.value));
                    }
                }
            }
        }
    };
    for claim in Catalog::all() {
        look(&claim.file, &claim.text);
    }
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        look(&path.display().to_string(), &std::fs::read_to_string(&path).unwrap());
    }
    for problem in PROBLEMS {
        for noise in NOISES {
            look(&format!("{problem} with {noise}"), &plain(problem, noise));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Every kind of witness occurs: none is a check that never runs.
    assert!(seen.len() >= 16, "{seen:?}");
}

/// One of each problem; see also the contract table of the crate's own tests.
const PROBLEMS: &[&str] = &[
    "name = \"quadratic\"\ncurvature = [2, 0, 3]",
    "name = \"quadratic-matrix\"\nmatrix = [[1, -2, 0], [-2, 1, \"1/2\"], [0, \"1/2\", -1]]",
    "name = \"quadratic-matrix\"\nmatrix = [[1, 1], [1, 1]]",
    "name = \"quadratic-matrix\"\nmatrix = [[-1, 0], [0, -2]]",
    "name = \"quadratic-matrix\"\ndiagonal = 1\ndimension = 18",
    "name = \"linear\"\nslope = [1, -2, 0]",
    "name = \"linear\"\nslope = [0, 0]",
    "name = \"linear\"\nslope = [1, -2, 0]\nbox = 1",
    "name = \"cosine\"\namplitude = [1, 3]",
    "name = \"huber\"\ncurvature = \"1/2\"\nslope = \"3/2\"\ndimension = 2",
    "name = \"log-cosh\"\ncurvature = 2\ndimension = 2",
    "name = \"absolute-pair\"\nepsilon = \"1/8\"",
    "name = \"two-line-squares\"",
    "name = \"line-losses\"\nrows = [[1, -2], [3, -1], [\"1/2\", \"-1/2\"]]\ntargets = [1, 0, 2]",
    "name = \"line-losses\"\nrows = [[1, 1], [1, 1]]",
    "name = \"line-losses\"\nrows = [[1, -2], [3, -1]]\nloss = \"huber\"\nslope = \"1/2\"",
    // every row in its linear part at the least squares solution, which is no minimum
    "name = \"line-losses\"\nrows = [[1, 0], [2, 0], [0, 1], [0, 2]]\ntargets = [10, -10, 10, -10]\nloss = \"huber\"",
    "name = \"line-losses\"\nrows = [[1], [1], [2]]\ntargets = [1, 3, 0]\nloss = \"absolute\"\nkink = \"plus\"",
    "name = \"pl-toy\"",
    "name = \"worker-squares\"\ntargets = [0, 1, 5]",
    "name = \"wilson\"\ntrain = 4\ntest = 2",
    "name = \"max-type\"\nhorizon = 3",
    "name = \"max-affine\"\nrows = [[1, 0], [0, 1], [-1, -1]]\noffsets = [0, 0, 3]",
    "name = \"max-affine\"\nrows = [[1, 1], [2, 1]]",
    "name = \"piecewise-quadratic\"\nknots = [0, 2, 4]\nslopes = [-1, 1, -1]\noutside = 1",
    "name = \"piecewise-quadratic\"\nknots = [0, 1]\nslopes = [1, 2]",
    "name = \"piecewise-quadratic\"\nknots = [0, 1]\nslopes = [0, 1]",
];

const NOISES: &[&str] = &[
    "\"none\"",
    "{ law = \"gaussian\" }",
    "{ law = \"exp-1\" }",
    "{ law = \"rademacher\" }",
    "{ law = \"skew50\" }",
    "{ law = \"multiplicative\", atoms = [[-3, \"1/4\"], [\"7/3\", \"3/4\"]], over = \"shared\" }",
    "{ law = \"cantelli-extremal\", wrong = \"1/4\" }",
    "{ law = \"two-atom\", size = 100 }",
];

/// One step from a point without symmetry, of a problem under a noise law.
fn plain(problem: &str, noise: &str) -> String {
    let own = ["absolute-pair", "two-line", "wilson", "max-type"].iter().any(|name| problem.contains(name));
    let start = if own { "" } else { "start = \"3/2\"" };
    format!(
        "schema = 1\nid = \"test/plain\"\ntitle = \"x\"\nsource = {{ paper = \"test\", place = \"here\" }}\n\
         statement = 'x'\nrelation = \"upper\"\nleft = \"last(f)\"\n[problem]\n{problem}\n{start}\n[oracle]\nnoise = {noise}\n\
         [algorithm]\nname = \"sgd\"\nstep_size = \"1/8\"\n[run]\nhorizon = 1\n[[bound]]\nname = \"b\"\nright = \"1\"\n\
         expect = \"holds\"\nwhy = \"x\"\n"
    )
}

fn kind(witness: &Witness) -> String {
    format!("{witness:?}").chars().take_while(|c| c.is_alphanumeric()).collect()
}

/// A point moved along a direction, in intervals.
fn at(from: &[Real], along: &[Real], t: f64) -> Vec<Interval> {
    let interval = |v: &Real| v.within().expect("a number");
    from.iter().zip(along).map(|(x, a)| interval(x) + interval(a) * Interval::point(t)).collect()
}

fn value(problem: &dyn DynProblem, x: &[Interval]) -> Interval {
    (problem as &dyn Evaluates<Interval>).value_at(x).expect("a value")
}

fn gradient(problem: &dyn DynProblem, x: &[Interval]) -> Vec<Interval> {
    let mut out = vec![Interval::point(0.0); x.len()];
    (problem as &dyn Evaluates<Interval>).gradient_at(x, &mut out).expect("a gradient");
    out
}

/// The gradient at a point of a line, in doubles: a kink is crossed and not enclosed.
fn slope(problem: &dyn DynProblem, from: &[Real], along: &[Real], t: f64) -> Vec<f64> {
    let x: Vec<Narrow> = from.iter().zip(along).map(|(x, a)| Narrow::splat(x.to_f64() + t * a.to_f64())).collect();
    let mut out = x.clone();
    (problem as &dyn Evaluates<Narrow>).gradient_at(&x, &mut out).expect("a gradient");
    out.iter().map(|g| g.0[0]).collect()
}

fn size(v: &[Interval]) -> Interval {
    v.iter().fold(Interval::point(0.0), |sum, v| sum + v.abs())
}

/// Slack of an equality that doubles decide: far above rounding, far below what a property's failure needs.
const SLACK: f64 = 1e-9;

/// Whether a witness shows that the hypothesis of that name fails, by doubles with outward rounding: the points are
/// those of the witness, the argument is this function's own.
fn shows(witness: &Witness, name: &str, instance: &Instance) -> bool {
    let problem = &*instance.problem;
    let zero = vec![Real::integer(0); problem.dimension()];
    let point = |x: &[Real]| at(x, &zero, 0.0);
    match witness {
        Witness::Stationary { at, below } => {
            let flat = gradient(problem, &point(at)).iter().all(|g| g.low().abs() < SLACK && g.high().abs() < SLACK);
            matches!(name, "pl" | "pl-l1" | "convex" | "strongly-convex-linf")
                && flat
                && value(problem, &point(below)).high() < value(problem, &point(at)).low()
        }
        Witness::Summit { low, high, below } => {
            // One coordinate turns from rising to falling, so that somewhere between f is level, above a lower point.
            let moved: Vec<usize> = (0..low.len()).filter(|i| low[*i] != high[*i]).collect();
            let (a, b) = (gradient(problem, &point(low)), gradient(problem, &point(high)));
            let least = value(problem, &point(below)).high();
            matches!(name, "pl" | "pl-l1" | "convex" | "strongly-convex-linf")
                && moved.len() == 1
                && a[moved[0]].low() > 0.0
                && b[moved[0]].high() < 0.0
                && value(problem, &point(low)).low() > least
                && value(problem, &point(high)).low() > least
        }
        Witness::Descent { from, along } => {
            let f = |t: f64| value(problem, &at(from, along, t));
            let falls = (0..20).all(|k| f(2f64.powi(k + 1)).high() < f(2f64.powi(k)).low());
            matches!(name, "lower-bound" | "minimiser")
                && falls
                && f(1e6).high() < f(0.0).low() - 1e5 * (f(0.0) - f(1.0)).low().min(1.0)
        }
        Witness::Growth { from, along } => {
            let g = |t: f64| size(&gradient(problem, &at(from, along, t)));
            matches!(name, "bounded-gradient" | "second-moment") && g(1e6).low() > 1e3 * g(1.0).high().max(SLACK)
        }
        Witness::Flattening { from, along, below } => {
            let low = value(problem, &point(below));
            let ratio = |t: f64| {
                let x = at(from, along, t);
                size(&gradient(problem, &x)).high().powi(2) / (value(problem, &x) - low).low()
            };
            matches!(name, "pl" | "pl-l1") && (0.0..1e-3 * ratio(1.0)).contains(&ratio(1e6))
        }
        Witness::Above { a, b } | Witness::Straight { a, b } => {
            let middle: Vec<Interval> =
                point(a).into_iter().zip(point(b)).map(|(a, b)| (a + b) * Interval::point(0.5)).collect();
            let (m, mean) = (
                value(problem, &middle),
                (value(problem, &point(a)) + value(problem, &point(b))) * Interval::point(0.5),
            );
            match witness {
                Witness::Above { .. } => matches!(name, "convex" | "strongly-convex-linf") && m.low() > mean.high(),
                _ => name == "strongly-convex-linf" && a != b && m.high() >= mean.low() - SLACK * mean.high().abs(),
            }
        }
        Witness::Jump { at: here, along } => {
            let gap = |h: f64| {
                let (x, y) = (slope(problem, here, along, h), slope(problem, here, along, -h));
                x.iter().zip(&y).map(|(a, b)| (a - b).abs()).sum::<f64>()
            };
            let named = name.starts_with("smooth") || name == "hessian-lipschitz" || name == "eta < 2/L";
            named && gap(0.5) > 0.0 && gap(1e-3) > 0.4 * gap(1.0)
        }
        Witness::Bend { at: here, along } => {
            let turn = |h: f64| {
                let [x, y, z] = [h, -h, 0.0].map(|t| slope(problem, here, along, t));
                (0..x.len()).map(|i| (x[i] + y[i] - 2.0 * z[i]).abs()).sum::<f64>() / h
            };
            name == "hessian-lipschitz" && turn(1.0) > 0.0 && turn(0.25) > 0.4 * turn(1.0)
        }
        Witness::Bias { x, coordinate } => {
            let law = law(instance, x);
            let mean = law.iter().map(|(v, p)| v[*coordinate] * p).sum::<f64>();
            let exact = gradient(problem, &point(x))[*coordinate].midpoint().unwrap();
            name == "unbiased" && (mean - exact).abs() > SLACK * (1.0 + exact.abs())
        }
        Witness::Skew { x, coordinate } => {
            // A symmetric law has no third moment about its mean, nor a fifth. In fractions: a skew can be small.
            let law = exact_law(instance, x);
            let mut values: BTreeMap<Rational, Rational> = BTreeMap::new();
            for atom in law {
                *values.entry(atom.gradient[*coordinate].clone()).or_insert(Rational::integer(0)) += &atom.probability;
            }
            let expect = |f: &dyn Fn(&Rational) -> Rational| {
                values.iter().fold(Rational::integer(0), |sum, (v, p)| sum + f(v) * p)
            };
            let mean = expect(&Rational::clone);
            let moment =
                |k: u32| expect(&|v| (0..k).fold(Rational::integer(1), |product, _| product * (v.clone() - &mean)));
            name == "symmetric" && !(moment(3).is_zero() && moment(5).is_zero())
        }
        Witness::TwoAtoms { x, coordinate } => {
            let law = law(instance, x);
            let first = law[0].0[*coordinate];
            let apart = |v: f64| (v - first).abs() > SLACK * v.abs().max(first.abs());
            name == "unimodal" && law.iter().any(|(v, p)| *p > 0.0 && apart(v[*coordinate]))
        }
        Witness::Together { x } => {
            // Some product of powers of two coordinates has another mean than the product of their means.
            let law = law(instance, x);
            let d = law[0].0.len();
            let mean = |f: &dyn Fn(&[f64]) -> f64| law.iter().map(|(v, p)| f(v) * p).sum::<f64>();
            let pair = |i: usize, j: usize, a: i32, b: i32| {
                let both = mean(&|v| v[i].powi(a) * v[j].powi(b));
                (both - mean(&|v| v[i].powi(a)) * mean(&|v| v[j].powi(b))).abs() > SLACK
            };
            let powers = [(1, 1), (1, 2), (2, 1), (2, 2)];
            name == "independent-coordinates"
                && (0..d).any(|i| (i + 1..d).any(|j| powers.iter().any(|(a, b)| pair(i, j, *a, *b))))
        }
        Witness::Memory { x, atoms: (a, b) } => {
            let noise = instance.noise.as_deref().unwrap();
            let gradient = rational_gradient(problem, x);
            let x: Vec<Rational> = x.iter().map(|v| v.exact().unwrap().clone()).collect();
            let after = |atom: usize| noise.atoms_from(noise.node_after(0, atom), &x, &gradient).unwrap();
            name == "independent-draws" && after(*a) != after(*b)
        }
        Witness::Coin { x, coordinate } => {
            let g = rational_gradient(problem, x)[*coordinate].to_f64();
            let right: f64 = law(instance, x).iter().filter(|(v, _)| v[*coordinate] * g > 0.0).map(|(_, p)| p).sum();
            name == "sign-advantage" && g != 0.0 && right <= 0.5 + SLACK
        }
        Witness::Unmoved(x) => {
            // far beyond any box that a test declares, and the projection leaves it there
            let mut kept: Vec<Rational> = x.iter().map(|v| v.exact().expect("a rational").clone()).collect();
            let before = kept.clone();
            (problem as &dyn Evaluates<Rational>).project_onto(&mut kept);
            let far = before.iter().any(|v| v.to_f64().abs() >= 1e9);
            name == "bounded-domain" && far && kept == before
        }
        Witness::Even(workers) => name == "odd-workers" && instance.workers == *workers && workers % 2 == 0,
        Witness::OnLattice { coordinate, steps } => {
            let (start, best) = match &instance.start {
                signcheck::internals::claim::StartPoint::At(x) => (x, instance.minimiser.as_ref().unwrap()),
                _ => return false,
            };
            let step = instance.schedules[0].clone();
            let step: Rational = instance.schedule_at(&step, 0).unwrap();
            let gap = start[*coordinate].minus(&best[*coordinate]);
            name == "off-lattice" && gap.exact() == Some(&(step * Rational::integer(*steps)))
        }
        Witness::Reversed { low, high, strict } => {
            let (low, high) = (low.to_f64(), high.to_f64());
            name.contains(['<', '>']) && (low > high || *strict && low >= high || (low - high).abs() < SLACK)
        }
        Witness::Undefined(_) => name.contains(['<', '>']) && name.contains(['/', '(']),
        Witness::Tie { .. } => false,
    }
}

fn rational_gradient(problem: &dyn DynProblem, x: &[Real]) -> Vec<Rational> {
    let x: Vec<Rational> = x.iter().map(|v| v.exact().unwrap().clone()).collect();
    let mut out = x.clone();
    (problem as &dyn Evaluates<Rational>).gradient_at(&x, &mut out).unwrap();
    out
}

/// The law of a draw at x.
fn exact_law(instance: &Instance, x: &[Real]) -> Vec<Atom> {
    let problem = &*instance.problem;
    let exact: Vec<Rational> = x.iter().map(|v| v.exact().unwrap().clone()).collect();
    let around = |noise: Option<&dyn DynNoise>, g: Vec<Rational>| match noise {
        Some(noise) => noise.atoms_from(0, &exact, &g).unwrap(),
        None => vec![Atom { probability: Rational::integer(1), gradient: g }],
    };
    if !instance.minibatch {
        return around(instance.noise.as_deref(), rational_gradient(problem, x));
    }
    let n = problem.samples().unwrap();
    let share = Rational::ratio(1, n as u64);
    let sample = |i: usize| {
        let mut out = exact.clone();
        (problem as &dyn Evaluates<Rational>).sample_gradient_at(i, &exact, &mut out).unwrap();
        let atoms = around(instance.noise.as_deref(), out);
        atoms.into_iter().map(|a| Atom { probability: a.probability * &share, ..a }).collect::<Vec<_>>()
    };
    (0..n).flat_map(sample).collect()
}

/// The same in doubles: vectors with their probabilities.
fn law(instance: &Instance, x: &[Real]) -> Vec<(Vec<f64>, f64)> {
    let double = |a: Atom| (a.gradient.iter().map(Rational::to_f64).collect(), a.probability.to_f64());
    exact_law(instance, x).into_iter().map(double).collect()
}

#[test]
fn options_that_cannot_be_meant_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), common::DESCENT).unwrap();
    let refused = |arguments: &[&str], word: &str| {
        let call = common::run(folder.path(), &[&["verify", "claim.toml"], arguments].concat());
        assert!(call.code == Some(3) && call.stderr.contains(word), "{arguments:?}: {call}");
    };
    refused(&["--drop", "unbiased"], "no hypothesis 'unbiased'");
    refused(&["--assume", "unbiasd"], "unknown hypothesis");
    refused(&["--assume", "convex", "--drop", "convex"], "both");
    refused(&["--set", "T=1", "--set", "T=4"], "twice");
    refused(&["--set", "T=[1, 4]"], "one value");
    refused(&["--set", "T=1,4"], "one value");
    // Cells left out by an added hypothesis are reported, not silently dropped. The Hessian is constant, so that this
    // one leaves all in.
    let call = common::run(folder.path(), &["verify", "claim.toml", "--assume", "odd-workers", "--json"]);
    assert_eq!(call.json()[0]["outcome"], "holds");
    let call = common::run(folder.path(), &["verify", "claim.toml", "--assume", "bounded-gradient", "--json"]);
    assert!(call.json()[0]["reason"].as_str().unwrap().contains("grows without end"), "{call}");
}
