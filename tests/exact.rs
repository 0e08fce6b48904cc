//! Exact expectations and certificates, against hand computations and against sampling.

use serde_json::Value;
use sha2::{Digest, Sha256};
use signcheck::internals::claim::{Instance, Term, cells};
use signcheck::internals::engine::{Plan, ranges, run};
use signcheck::internals::evidence::{Unavailable, enumerate, enumerate_as_far, outcomes};
use signcheck::internals::stats::tolerance::mean_tolerance;
use signcheck::model::Registry;
use signcheck::results::{Evidence, Outcome};
use signcheck::run::Budget;
use signcheck::run::{Catalog, CertificateError, Profile, Settings, certify, decide, replay};
use signcheck::run::{Progress, Silent};
use signcheck::run::{Spec, load};
use signcheck::scalar::{Computable, Rational};
use std::sync::atomic::{AtomicU64, Ordering};

/// A walk on the line with two-point noise: f = x/4, the stochastic gradient is 4 w.p. 1/4, else -1.
fn walk(left: &str, algorithm: &str) -> Spec {
    load("walk.toml", &walk_text(left, algorithm), &Registry::standard(), &[]).unwrap_or_else(|e| panic!("{e}"))
}

fn walk_text(left: &str, algorithm: &str) -> String {
    format!(
        r#"
schema = 1
id = "test/walk"
title = "walk"
source = {{ paper = "test", place = "here" }}
statement = 'x'
relation = "upper"
left = "{left}"
[parameters]
T = 6
[problem]
name = "linear"
slope = "1/4"
box = 1
start = [0]
[oracle]
noise = {{ law = "finite", atoms = [["15/4", "1/4"], ["-5/4", "3/4"]] }}
[algorithm]
{algorithm}
[run]
horizon = "T"
replicates = 40000
[[bound]]
name = "b"
right = "1"
expect = "holds"
why = "far away"
"#
    )
}

fn instance(spec: &Spec) -> Instance {
    let (_, variant) = &spec.base[0];
    let cell = cells(variant).unwrap().remove(0);
    Instance::build(&Registry::standard(), variant.experiment().unwrap(), &cell).unwrap()
}

fn terms(spec: &Spec) -> Vec<Term> {
    spec.bounds[0].scenarios[0].question.left.terms.clone()
}

fn exactly(spec: &Spec) -> Rational {
    let (instance, terms) = (instance(spec), terms(spec));
    let plan = Plan::new(&instance, &terms.iter().collect::<Vec<_>>(), &[]).unwrap();
    let found = enumerate(&instance, &plan, Budget::QUICK, &Silent).unwrap();
    found.paths[0].as_ref().unwrap().rational().unwrap().clone()
}

/// Many coins of one step have a vote's three outcomes, and its law.
#[test]
fn votes_of_coins_are_enumerated_by_their_numbers() {
    // exact: slope 1/4 and R = 1/2 give every worker + with probability 3/4. Of three, + wins with 27/64 + 27/64 and -
    // with 10/64; of four, with 189/256 against 13/256, the rest ties. Either way E x_1 = -11/16, f = x/4.
    let algorithm = |workers: u64| {
        format!(
            "name = \"mv-sto-signsgd-sim\"\nstep_size = 1\nmomentum = 0\nradius = \"1/2\"\n[oracle]\nworkers = {workers}\nnoise = \"none\""
        )
    };
    let votes = |workers: u64| {
        let noisy = "[oracle]\nnoise = { law = \"finite\", atoms = [[\"15/4\", \"1/4\"], [\"-5/4\", \"3/4\"]] }";
        let text = walk_text("last(f)", &algorithm(workers)).replace(noisy, "").replace("T = 6", "T = 1");
        load("votes.toml", &text, &Registry::standard(), &[]).unwrap_or_else(|e| panic!("{e}"))
    };
    for workers in [3, 4] {
        assert_eq!(exactly(&votes(workers)).to_string(), "-11/64", "{workers} workers");
    }
    // A hundred workers: far more records than anything could count; + wins nearly always.
    let near = exactly(&votes(100)).to_f64();
    assert!((-0.25..-0.2499).contains(&near), "{near}");
}

/// Noise that follows its own past: a second draw of +-1 after a first of 1, none after a first of -1.
#[test]
fn noise_of_a_tree_follows_its_draws() {
    let walk = |then: &str, horizon: u64, batch: u64| {
        let law = "noise = { law = \"finite\", atoms = [[\"15/4\", \"1/4\"], [\"-5/4\", \"3/4\"]] }";
        let tree = format!(
            "batch = {batch}\nnoise = {{ law = \"tree\", atoms = [[0, 1, \"1/2\"], [0, -1, \"1/2\"], [1, 1, \"1/2\"], \
             [1, -1, \"1/2\"], [2, 0, 1]], then = \"{then}\" }}"
        );
        let text = walk_text("last(x1^3)", "name = \"sgd\"\nstep_size = \"1/8\"");
        let text = text.replace(law, &tree).replace("T = 6", &format!("T = {horizon}"));
        load("tree.toml", &text, &Registry::standard(), &[]).unwrap_or_else(|e| panic!("{e}"))
    };
    // exact: S, the sum of two draws, is 2, 0, -1 w.p. 1/4, 1/4, 1/2: mean 0, E S^2 = E S^3 = 3/2. x_T = -(T/4 + S_T)/8
    // and E (a + S)^3 = a^3 + 3 a E S^2 + E S^3: 1/8 + 9/4 + 3/2 for T = 2, and 27/8 + 27/4 + 3/2 for T = 6
    assert_eq!(exactly(&walk("nothing", 2, 1)).to_string(), "-31/4096");
    assert_eq!(exactly(&walk("nothing", 6, 1)).to_string(), "-93/4096");
    // exact: three independent pairs have E S^2 = E S^3 = 9/2: 27/8 + 81/4 + 9/2
    let again = walk("again", 6, 1);
    assert_eq!(exactly(&again).to_string(), "-225/4096");
    // exact: a batch of two is one pair, halved: 1/64 + 9/32 + 3/16
    assert_eq!(exactly(&walk("nothing", 1, 2)).to_string(), "-31/32768");
    // statistical: forty thousand replicates at level 1e-9
    for spec in [again, walk("nothing", 6, 1), walk("again", 3, 2)] {
        let exact = exactly(&spec).to_f64();
        let (instance, terms) = (instance(&spec), terms(&spec));
        let plan = Plan::new(&instance, &terms.iter().collect::<Vec<_>>(), &[]).unwrap();
        let sampled = run(&instance, &plan, 7, &[], 40_000, &Silent).unwrap().paths[0].moments;
        let off = (sampled.mean().unwrap() - exact).abs();
        assert!(off <= mean_tolerance(sampled.standard_deviation().unwrap(), 40_000, 1e-9), "{exact}, off by {off}");
    }
}

#[test]
fn a_walk_has_its_binomial_expectations() {
    let sign = "name = \"signsgd\"\nstep_size = \"1/8\"";
    // exact: a step is -1/8 w.p. 1/4 and +1/8 w.p. 3/4, the walls at +-1 are out of reach in 6 steps; so
    // E x_6 = 6/8 (3/4 - 1/4) = 3/8 and E f = 3/32
    assert_eq!(exactly(&walk("last(f)", sign)).to_string(), "3/32");
    // exact: E x_k = k/16, mean over k = 0..5 is (0+..+5)/(6*16) = 15/96, times 1/4
    assert_eq!(exactly(&walk("mean(f)", sign)).to_string(), "5/128");
    // exact: Var x_6 = 6 (1/64)(1 - 1/4) = 9/128, so E x^2 = 9/128 + 9/64 = 27/128
    assert_eq!(exactly(&walk("last(x1^2)", sign)).to_string(), "27/128");
    // exact: the largest of x_0..x_5 is at least 0 and x_0 = 0; after one step it is 1/8 w.p. 3/4. For T = 1 the
    // window is x_0 alone
    assert_eq!(exactly(&walk("first(f) + last(f) - last(f)", sign)).to_string(), "0");
}

#[test]
fn statistics_that_look_back_over_a_step() {
    let sign = "name = \"signsgd\"\nstep_size = \"1/8\"";
    // exact: f' = 1/4 and a draw is below 0, the wrong way, w.p. 3/4
    assert_eq!(exactly(&walk("last(wrong_l1)", sign)).to_string(), "3/16");
    // exact: f' is constant, and every step has length 1/8
    assert_eq!(exactly(&walk("last(turn_l1)", sign)).to_string(), "0");
    assert_eq!(exactly(&walk("last(move_linf)", sign)).to_string(), "1/8");
    // exact: m over its weight is sum b^t g_(k-t)/sum b^t; the variance of a draw is 225/64 + 75/64 = 75/16, and with
    // b = 1/2 and six gradients sum b^(2t)/(sum b^t)^2 = (1/3) (65/64)/(63/64) = 65/189
    let signum = "name = \"signum\"\nstep_size = \"1/8\"\nmomentum = \"1/2\"";
    assert_eq!(exactly(&walk("last(momentum_miss_l2sq)", signum)).to_string(), "1625/1008");
    // exact: |f'| times 0 or 1, whatever the noise; the product is rounded outward
    let spec = walk("last(wrong_l1)", sign);
    let (instance, terms) = (instance(&spec), terms(&spec));
    let plan = Plan::new(&instance, &terms.iter().collect::<Vec<_>>(), &[]).unwrap();
    let range = ranges(&instance, &plan).0[0].unwrap();
    assert!(range.low() == 0.0 && (0.25..0.25 + 1e-12).contains(&range.high()), "{range:?}");
    // The start has no step before it.
    let spec = walk("mean(wrong_l1)", sign);
    let (instance, terms) = (self::instance(&spec), self::terms(&spec));
    let plan = Plan::new(&instance, &terms.iter().collect::<Vec<_>>(), &[]).unwrap();
    let refused = enumerate(&instance, &plan, Budget::QUICK, &Silent).unwrap_err();
    assert!(refused.to_string().contains("begin the window at 1"), "{refused}");
}

#[test]
fn enumeration_lies_within_sampling_of_the_same_claim() {
    // statistical: forty thousand replicates at level 1e-9 for each of sixteen comparisons
    let algorithms = [
        "name = \"signsgd\"\nstep_size = \"1/8\"",
        "name = \"sgd\"\nstep_size = \"1/16\"",
        "name = \"ef-sgd\"\nstep_size = \"1/16\"",
        "name = \"signsgdm\"\nstep_size = \"1/8\"\nmomentum = \"1/2\"",
    ];
    for algorithm in algorithms {
        for left in ["last(f)", "mean(f)", "min(f)", "last(wrong_l1)"] {
            let spec = walk(left, algorithm);
            let exact = exactly(&spec).to_f64();
            let (instance, terms) = (instance(&spec), terms(&spec));
            let plan = Plan::new(&instance, &terms.iter().collect::<Vec<_>>(), &[]).unwrap();
            let sampled = run(&instance, &plan, 7, &[], 40_000, &Silent).unwrap().paths[0].moments;
            let sd = sampled.standard_deviation().unwrap();
            let tolerance = mean_tolerance(sd, 40_000, 1e-9) + 1e-12;
            let off = (sampled.mean().unwrap() - exact).abs();
            assert!(off <= tolerance, "{left} of {algorithm}: {exact} against {off} > {tolerance}");
        }
    }
}

/// Comparisons of one shipped claim: its bounds' own left sides, exact and sampled, at the first cell of every case.
fn agreements(spec: &Spec, seed: u64) -> u64 {
    let registry = Registry::standard();
    let mut compared = 0;
    for scenario in spec.bounds.iter().flat_map(|b| &b.scenarios) {
        let Some(experiment) = scenario.variant.experiment() else { continue };
        if ["logistic", "wilson"].contains(&experiment.problem.name.as_str()) {
            continue;
        }
        let Some(cell) = cells(&scenario.variant).ok().and_then(|c| c.into_iter().next()) else { continue };
        let Ok(instance) = Instance::build(&registry, experiment, &cell) else { continue };
        if instance.is_deterministic() || instance.horizon > 64 {
            continue;
        }
        let terms: Vec<&Term> = scenario.question.left.terms.iter().collect();
        let Ok(plan) = Plan::new(&instance, &terms, &[]) else { continue };
        let Ok(exact) = enumerate(&instance, &plan, Budget(20_000_000), &Silent) else { continue };
        let sampled = run(&instance, &plan, seed, &[], REPLICATES, &Silent).unwrap();
        let close = |exact: &Computable, moments: &signcheck::internals::stats::Moments, what: &str| {
            let sd = moments.standard_deviation().unwrap();
            let size = exact.near().abs().max(moments.mean().unwrap().abs());
            // statistical: level 1e-9 a comparison; the second term is the rounding of a short run
            let tolerance = mean_tolerance(sd, REPLICATES, 1e-9) + 1e-9 * size + 1e-12;
            let off = (moments.mean().unwrap() - exact.near()).abs();
            assert!(
                off <= tolerance,
                "{} ({what}, case '{}'): {exact} is off by {off} > {tolerance}",
                spec.id,
                scenario.case
            );
        };
        for (exact, sampled) in exact.paths.iter().zip(&sampled.paths) {
            if let Some(exact) = exact {
                close(exact, &sampled.moments, "path");
                compared += 1;
            }
        }
        for (exact, sampled) in exact.series.iter().zip(&sampled.series) {
            for (exact, sampled) in exact.iter().flatten().zip(sampled) {
                close(exact, &sampled.moments, "series");
                compared += 1;
            }
        }
    }
    compared
}

/// Replicates of each comparison.
const REPLICATES: u64 = 4_096;

#[test]
fn every_shipped_claim_that_can_be_enumerated_agrees_with_its_samples() {
    let registry = Registry::standard();
    let mut claims = 0;
    for claim in Catalog::all() {
        let spec = load(&claim.file, &claim.text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
        let compared = agreements(&spec, 11);
        println!("{}: {compared} comparisons", spec.id);
        claims += u64::from(compared > 0);
    }
    assert!(claims >= 10, "only {claims} claims could be compared");
}

/// Gives up at the n-th call.
struct GivesUp(AtomicU64);

impl Progress for GivesUp {
    fn advance(&self, _replicates: u64) {}

    fn stop(&self) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) <= 1
    }
}

#[test]
fn an_enumeration_can_be_given_up() {
    let spec = walk("last(f)", "name = \"sgd\"\nstep_size = \"1/8\"");
    let (instance, terms) = (instance(&spec), terms(&spec));
    let plan = Plan::new(&instance, &terms.iter().collect::<Vec<_>>(), &[]).unwrap();
    let ask = |n| enumerate(&instance, &plan, Budget::QUICK, &GivesUp(AtomicU64::new(n))).err();
    assert_eq!((ask(1), ask(5)), (Some(Unavailable::Stopped), Some(Unavailable::Stopped)));
    assert_eq!(ask(1 << 40), None);
}

#[test]
fn infinite_support_is_refused_with_its_reason() {
    let mut spec = walk("last(f)", "name = \"signsgd\"\nstep_size = \"1/8\"");
    let text = include_str!("../src/cli/template.toml")
        .replace("PAPER", "test")
        .replace("CLAIM", "gaussian")
        .replace("noise = \"none\"", "noise = { law = \"gaussian\", scale = 1 }");
    spec.bounds = load("g.toml", &text, &Registry::standard(), &[]).unwrap().bounds;
    let gaussian = load("g.toml", &text, &Registry::standard(), &[]).unwrap();
    let (instance, terms) = (instance(&gaussian), terms(&gaussian));
    let plan = Plan::new(&instance, &terms.iter().collect::<Vec<_>>(), &[]).unwrap();
    let error = enumerate(&instance, &plan, Budget::QUICK, &Silent).unwrap_err().to_string();
    assert!(error.contains("finite support"), "{error}");
}

#[test]
fn irrational_statistics_of_rational_states_are_sums_of_roots() {
    // exact: x_1 = -g/8 is -1/2 with 1/4 and 1/8 with 3/4: E sqrt(1 + x_1^2) = sqrt(5)/8 + 3 sqrt(65)/32
    let text = walk_text("last(sqrt(1 + x1^2))", "name = \"sgd\"\nstep_size = \"1/8\"").replace("T = 6", "T = 1");
    let spec = load("root.toml", &text, &Registry::standard(), &[]).unwrap_or_else(|e| panic!("{e}"));
    let (instance, terms) = (instance(&spec), terms(&spec));
    let plan = Plan::new(&instance, &terms.iter().collect::<Vec<_>>(), &[]).unwrap();
    let expected = 5_f64.sqrt() / 8.0 + 3.0 * 65_f64.sqrt() / 32.0;
    let found = enumerate(&instance, &plan, Budget::QUICK, &Silent).unwrap();
    let one_by_one = outcomes(&instance, &plan, Budget::QUICK, &Silent).unwrap();
    let exact = found.paths[0].as_ref().unwrap();
    assert!(exact.surd().is_some() && found.is_complete());
    for (low, high) in [exact.ends(), one_by_one.paths[0].as_ref().unwrap().ends()] {
        assert!(low <= expected + 1e-15 && expected - 1e-15 <= high && high - low < 1e-15, "{low} {high}");
    }
}

#[test]
fn series_are_known_as_far_as_outcomes_are() {
    // exact: x_0 = 0, and a normal law has no finite support
    let text = walk_text("min(E(x1^2))", "name = \"signsgd\"\nstep_size = \"1/8\"");
    let law = "{ law = \"finite\", atoms = [[\"15/4\", \"1/4\"], [\"-5/4\", \"3/4\"]] }";
    let text = text.replace(law, "{ law = \"gaussian\", scale = 1 }");
    let spec = load("series.toml", &text, &Registry::standard(), &[]).unwrap_or_else(|e| panic!("{e}"));
    let (instance, terms) = (instance(&spec), terms(&spec));
    let plan = Plan::new(&instance, &terms.iter().collect::<Vec<_>>(), &[]).unwrap();
    assert!(enumerate(&instance, &plan, Budget::QUICK, &Silent).is_err());
    let found = enumerate_as_far(&instance, &plan, Budget::QUICK, &Silent, true).unwrap();
    assert!(found.partial && !found.is_complete());
    assert_eq!(found.series[0].as_deref(), Some(&[Computable::from(Rational::integer(0))][..]));
}

fn certificate() -> Value {
    let claim = Catalog::matching("li2021/example-1").unwrap().remove(0);
    let registry = Registry::standard();
    let spec = load(&claim.file, &claim.text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
    let settings = Settings { registry: &registry, seed: 1, level: 1e-6, profile: Profile::Quick, progress: &Silent };
    let result = decide(&spec, &claim.file, &claim.text, &settings).unwrap();
    let broken = result.bounds.iter().find(|b| b.outcome == Outcome::Violated).unwrap();
    serde_json::to_value(certify(&spec, broken).unwrap()).unwrap()
}

#[test]
fn certificates_of_shipped_claims_are_confirmed_from_their_text() {
    // Claims whose cases change the problem, the algorithm, the noise or a compressor: what is left over from the
    // part before must not stand in a certificate.
    let registry = Registry::standard();
    let mut confirmed = 0;
    for id in
        ["sun2023/naive-vote", "li2021/theorem-3", "karimireddy2019/momentum-extension", "karimireddy2019/theorem-2"]
    {
        let claim = Catalog::matching(id).unwrap().remove(0);
        let spec = load(&claim.file, &claim.text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
        let settings =
            Settings { registry: &registry, seed: 1, level: 1e-6, profile: Profile::Quick, progress: &Silent };
        let result = decide(&spec, &claim.file, &claim.text, &settings).unwrap();
        for certificate in result.bounds.iter().filter_map(|b| certify(&spec, b)) {
            let text = serde_json::to_string_pretty(&certificate).unwrap();
            let again = replay(&text, &registry).unwrap_or_else(|e| panic!("{id}, {}: {e}", certificate.bound));
            assert!(again.confirmed, "{id}, {}: {:?}", certificate.bound, again.difference);
            confirmed += 1;
        }
    }
    assert!(confirmed >= 4, "{confirmed}");
}

/// Eight steps of scaled signs against li2021's theorem 2: the smallest instance, by hand in the claim file.
#[test]
fn the_long_run_of_a_theorem_breaks_exactly_in_a_short_one() {
    let claim = Catalog::matching("li2021/theorem-2-1").unwrap().remove(0);
    let registry = Registry::standard();
    let spec = load(&claim.file, &claim.text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
    let settings = Settings { registry: &registry, seed: 1, level: 1e-6, profile: Profile::Quick, progress: &Silent };
    let result = decide(&spec, &claim.file, &claim.text, &settings).unwrap();
    let printed = result.bounds.iter().find(|b| b.bound == "printed").unwrap();
    assert_eq!((printed.outcome, printed.evidence), (Outcome::Violated, Evidence::Exact));
    // reference: CPython 3.11.7 with fractions.Fraction, x_1 alone: 6561 states after 8 steps of
    // x -= (|x + a| + m) sgn(x + a)/128, (a, m) = (-3/16, 1), (3/16, 0) with 1/16 each, else (0, 0).
    let left = "581300238996386580467080641228556179/42535295865117307932921825928971026432";
    assert_eq!(printed.left.exact.as_deref(), Some(left));
    let right = printed.right.value.unwrap();
    assert!((right - 0.01365021673190485).abs() < 1e-15, "{right}");
}

/// Huber's loss with slope and curvature 1 under four sign steps of 1/8: the gradient at x is min(x, 1) for x > 0.
fn huber(start: &str, right: &str) -> String {
    format!(
        r#"
schema = 1
id = "test/huber"
title = "huber"
source = {{ paper = "test", place = "here" }}
statement = 'x'
relation = "upper"
left = "mean(grad_l1)"
[problem]
name = "huber"
curvature = 1
slope = 1
dimension = 1
start = ["{start}"]
[oracle]
noise = {{ law = "gaussian", scale = 1 }}
[algorithm]
name = "signsgd"
step_size = "1/8"
[run]
horizon = 4
replicates = 4000
[[bound]]
name = "printed"
right = "{right}"
expect = "violated"
why = "four steps of 1/8 reach no further than 1/2"
"#
    )
}

/// Noise with a density has no outcomes to enumerate, but a sign step goes no further than its size.
#[test]
fn a_bound_that_is_broken_wherever_the_run_can_go_is_broken_for_certain() {
    let registry = Registry::standard();
    let settings = Settings { registry: &registry, seed: 1, level: 1e-6, profile: Profile::Quick, progress: &Silent };
    let decided = |start: &str, right: &str| {
        let text = huber(start, right);
        let spec = load("huber.toml", &text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
        let found = decide(&spec, "huber.toml", &text, &settings).unwrap().bounds.remove(0);
        let certificate = certify(&spec, &found);
        (found, certificate)
    };
    // From 2 all iterates are 3/2 or more: the gradient is 1 throughout.
    let (found, certificate) = decided("2", "9/10");
    assert_eq!((found.outcome, found.evidence), (Outcome::Violated, Evidence::Exact));
    let (low, high) = (found.left.low.unwrap(), found.left.high.unwrap());
    assert!(low <= 1.0 && 1.0 <= high && high - low < 1e-12, "{low} {high}");
    let again = replay(&serde_json::to_string(&certificate.unwrap()).unwrap(), &registry).unwrap();
    assert!(again.confirmed, "{:?}", again.difference);
    // From 5/4 the box reaches down to 3/4: that is above 7/10 and not above 4/5, which only a sample refutes.
    let (found, _) = decided("5/4", "7/10");
    assert_eq!((found.outcome, found.evidence), (Outcome::Violated, Evidence::Exact));
    assert!((0.75 - 1e-12..=0.75).contains(&found.left.low.unwrap()), "{:?}", found.left);
    let (found, certificate) = decided("5/4", "4/5");
    assert_eq!((found.outcome, found.evidence), (Outcome::Violated, Evidence::FiniteSample));
    assert!(certificate.is_none());
    // What holds everywhere has its mean estimated: how tight it is matters.
    let (found, _) = decided("5/4", "2");
    assert_eq!((found.outcome, found.evidence), (Outcome::Holds, Evidence::FiniteSample));
}

/// The documented digest: SHA-256 of the document without it, keys sorted, no white space.
fn sealed(mut certificate: Value) -> String {
    let object = certificate.as_object_mut().unwrap();
    object.remove("digest");
    let text = certificate.to_string();
    let digest: String = Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    certificate["digest"] = digest.into();
    certificate.to_string()
}

#[test]
fn a_certificate_replays_from_its_text_alone() {
    let certificate = certificate();
    let found = replay(&certificate.to_string(), &Registry::standard()).unwrap();
    assert!(found.confirmed, "{:?}", found.difference);
    assert_eq!(found.verdict.outcome, Outcome::Violated);
    // The digest that the format documents is the one that is written.
    assert_eq!(sealed(certificate.clone()), certificate.to_string());
}

#[test]
fn a_certificate_altered_in_any_digit_is_rejected_or_refuted() {
    let certificate = certificate();
    let text = certificate.to_string();
    for (at, _) in text.match_indices(|c: char| c.is_ascii_digit()) {
        let mut altered = text.clone().into_bytes();
        altered[at] = if altered[at] == b'9' { b'1' } else { altered[at] + 1 };
        let altered = String::from_utf8(altered).unwrap();
        let error = replay(&altered, &Registry::standard()).map(|r| r.confirmed);
        assert!(
            matches!(error, Err(CertificateError::Digest | CertificateError::Shape(_) | CertificateError::Version(_))),
            "digit at {at}: {error:?}"
        );
    }
    // The digest covers keys that no reader uses, too, and the form of a number.
    for altered in [
        text.replacen('{', "{\"remark\":\"confirmed by hand\",", 1),
        text.replacen("\"left\":{", "\"left\":{\"note\":0,", 1),
        text.replacen("\"version\":1", "\"version\":1.0", 1),
    ] {
        assert_ne!(altered, text);
        let error = replay(&altered, &Registry::standard()).map(|r| r.confirmed);
        assert!(matches!(error, Err(CertificateError::Digest | CertificateError::Shape(_))), "{altered}: {error:?}");
    }
    // A liar who seals a false side anew is refuted by the computation.
    let mut false_side = certificate.clone();
    false_side["left"]["exact"] = "3/1".into();
    let found = replay(&sealed(false_side), &Registry::standard()).unwrap();
    assert!(!found.confirmed && found.difference.unwrap().contains("left"));
}
