//! Keys that belong to a part, numbers that a part does not take, and bounds that say nothing: claim files of
//! `tests/cases/keys`, each with the right answer, derived by hand in its `why`.

mod common;

use signcheck::internals::claim::{Relation, Trivial};
use signcheck::model::{Kind, ParamSpec, Real, Registry};
use signcheck::results::{Evidence, Outcome, ResultFile};
use signcheck::run::load;
use signcheck::run::{Catalog, check_claim};
use std::path::Path;

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cases/keys/{name}.toml"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn decided(name: &str) -> ResultFile {
    check_claim(&text(name), &Registry::standard()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// What a file is refused with.
fn refusal(name: &str) -> String {
    match check_claim(&text(name), &Registry::standard()) {
        Ok(result) => panic!("{name} is accepted: {:?}", result.bounds[0].outcome),
        Err(error) => error.to_string(),
    }
}

/// Every bound as its file expects, by exact evidence where it decides.
fn as_derived(name: &str) -> ResultFile {
    let result = decided(name);
    for bound in &result.bounds {
        assert_eq!(bound.outcome, bound.expect, "{name} [{}]: {}", bound.bound, bound.reason);
        let decides = matches!(bound.outcome, Outcome::Holds | Outcome::Violated);
        assert!(!decides || bound.evidence == Evidence::Exact, "{name} [{}]: {:?}", bound.bound, bound.evidence);
    }
    assert!(result.controls.iter().all(|c| c.caught), "{name}: a control is not caught");
    result
}

fn warnings(name: &str) -> Vec<String> {
    let spec = load(name, &text(name), &Registry::standard(), &[]).unwrap_or_else(|e| panic!("{e}"));
    spec.warnings.into_iter().map(|w| w.message).collect()
}

#[test]
fn keys_go_with_the_part_that_they_were_written_for() {
    for name in ["stale-scale", "stale-compressor", "stale-curvature", "stale-layers", "same-name", "stale-ordering"] {
        as_derived(name);
    }
}

/// What is lost where a default replaces it is reported, and nothing else is.
#[test]
fn a_dropped_key_that_the_new_part_knows_is_told() {
    let told = warnings("stale-scale");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("'gaussian'") && told[0].contains("'finite'") && told[0].contains("scale = 4"),
        "{told:?}"
    );
    assert!(warnings("same-name").is_empty());
    let told = warnings("stale-compressor");
    assert!(told.len() == 1 && told[0].contains("rescale"), "{told:?}");
    // By the program, on standard error, with the place; standard output is as without.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let call = common::run(folder, &["check", "tests/cases/keys/stale-scale.toml"]);
    assert_eq!(call.code, Some(0), "{call}");
    assert!(call.stderr.contains("warning: ") && call.stderr.contains("stale-scale.toml:22"), "{call}");
    assert!(!call.stdout.contains("warning"), "{call}");
}

#[test]
fn a_dropped_key_that_the_new_part_needs_is_an_error_with_its_remedy() {
    let error = refusal("stale-epsilon");
    for part in
        ["'adam' has no 'step_size'", "'rmsprop'", "repeat `step_size = 1`", "`epsilon = 1`", "`beta2 = \"1/2\"`"]
    {
        assert!(error.contains(part), "no {part} in {error}");
    }
    let error = refusal("stale-required");
    assert!(
        error.contains("'signsgdm' has no 'step_size'") && error.contains("repeat `step_size = \"1/2\"`"),
        "{error}"
    );
    let error = refusal("stale-keep");
    assert!(error.contains("'keep' names what the part that is replaced does not have"), "{error}");
}

/// The claims that come with the program say what they keep.
#[test]
fn shipped_claims_lose_nothing_silently() {
    let registry = Registry::standard();
    for claim in Catalog::all() {
        let spec = load(&claim.file, &claim.text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
        let told: Vec<&str> = spec.warnings.iter().map(|w| w.message.as_str()).collect();
        assert!(told.is_empty(), "{}: {told:?}", claim.file);
    }
}

#[test]
fn noise_that_cannot_have_its_mean_is_refused_or_undecided() {
    let error = refusal("two-atom-beyond");
    assert!(error.contains("'size' is 1") && error.contains("entry 3"), "{error}");
    let error = refusal("two-atom-worker");
    assert!(error.contains("'size' is 1"), "{error}");
    let error = refusal("state-atoms-start");
    assert!(error.contains("no law at the start, with g = 3"), "{error}");
    as_derived("two-atom-edge");
    let later = as_derived("two-atom-later");
    assert!(
        later.bounds[0].reason.contains("step 2") && later.bounds[0].reason.contains("size"),
        "{:?}",
        later.bounds[0]
    );
}

/// Each sample of a batch has a draw of its own: the mean gradient times the mean factor has another law.
#[test]
fn noise_that_depends_on_the_gradient_takes_one_sample() {
    as_derived("samples-and-noise");
    let one = text("samples-and-noise");
    for batch in ["2", "\"k + 1\""] {
        let several = one.replace("batch = 1", &format!("batch = {batch}"));
        let error = check_claim(&several, &Registry::standard()).expect_err(batch).to_string();
        assert!(error.contains("a draw for each sample") && error.contains("`batch = 1`"), "{error}");
    }
    // What is added to a gradient may be added to the mean.
    let added = one.replace("batch = 1", "batch = 2").replace("\"multiplicative\"", "\"finite\"");
    let added = added.replace("[[0, \"1/2\"], [2, \"1/2\"]]", "[[-1, \"1/2\"], [1, \"1/2\"]]");
    check_claim(&added, &Registry::standard()).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn numbers_outside_their_range_are_refused_and_later_ones_undecided() {
    let error = refusal("momentum-1");
    assert!(error.contains("'momentum' is 1; it must be in [0, 1)"), "{error}");
    let later = as_derived("momentum-later");
    assert!(later.bounds[0].reason.contains("iteration 4: 'momentum' is 1"), "{:?}", later.bounds[0]);
    let irrational = decided("momentum-irrational");
    assert_eq!(irrational.bounds[0].outcome, Outcome::Holds, "{:?}", irrational.bounds[0]);
    let error = refusal("perturbation-9");
    assert!(error.contains("deviation 3") && error.contains("variance 1"), "{error}");
    as_derived("perturbation-1");
}

/// A claim about a vote of stochastic signs on (x_1^2 + x_2^2)/2 from (2, 1/2), and another method in its place.
fn stochastic(left: &str, right: &str, algorithm: &str, more: &str) -> String {
    format!(
        "schema = 1\nid = \"keys/stochastic\"\ntitle = \"t\"\nsource = {{ paper = \"test\", place = \"p\" }}\n\
         statement = 'x'\nrelation = \"identity\"\nmargin = 0\nleft = \"{left}\"\n[problem]\nname = \"quadratic\"\n\
         curvature = [1, 1]\nstart = [2, \"1/2\"]\n[algorithm]\n{algorithm}\nstep_size = \"1/4\"\n{more}\n[[bound]]\n\
         name = \"b\"\nright = \"{right}\"\nexpect = \"holds\"\nwhy = \"w\"\n"
    )
}

#[test]
fn the_share_of_clipped_probabilities_is_a_statistic_of_stochastic_signs() {
    let registry = Registry::standard();
    let votes = "name = \"mv-sto-signsgd\"\nradius = 1";
    let decided = |text: &str| check_claim(text, &registry).unwrap_or_else(|e| panic!("{e}\n{text}")).bounds.remove(0);
    // exact: in the first step one of two entries, 2, is beyond R = 1; the first certainly falls by 1/4, to 7/4
    for horizon in [1, 2] {
        let run = format!("[run]\nhorizon = {horizon}");
        let bound = decided(&stochastic("last(clipped_share)", "1/2", votes, &run));
        assert_eq!((bound.outcome, bound.evidence), (Outcome::Holds, Evidence::Exact), "{bound:?}");
    }
    // exact: g + xi with xi = -2, 2 is 0, 4 in the one coordinate and -3/2, 5/2 in the other: beyond R = 1 are half of
    // the one and all of the other, 3/4 on average; a sample cannot reach a width of 0, but one of a share has a range
    let noise = "[oracle]\nnoise = { law = \"rademacher\", scale = 2 }\n[run]\nhorizon = 1";
    let bound = decided(&stochastic("last(clipped_share)", "3/4", votes, noise));
    assert_eq!((bound.outcome, bound.evidence), (Outcome::Holds, Evidence::Exact), "{bound:?}");
    let gaussian = "[oracle]\nnoise = { law = \"gaussian\", scale = 2 }\n[run]\nhorizon = 4\nreplicates = 4096";
    let text =
        stochastic("last(clipped_share)", "9/10", votes, gaussian).replace("\"identity\"\nmargin = 0", "\"upper\"");
    let bound = decided(&text);
    assert_eq!((bound.outcome, bound.evidence), (Outcome::Holds, Evidence::FiniteSample), "{bound:?}");
    // There is none where nothing is drawn, and none at the start.
    let run = "[run]\nhorizon = 1";
    let error =
        check_claim(&stochastic("last(clipped_share)", "0", "name = \"vote\"", run), &registry).expect_err("none");
    let error = error.to_string();
    assert!(error.contains("'clipped_share': this algorithm sends no stochastic signs"), "{error}");
    let start = check_claim(&stochastic("mean(clipped_share)", "0", votes, run), &registry);
    let said = start.map_or_else(|e| e.to_string(), |found| format!("{:?}", found.bounds[0]));
    assert!(said.contains("begin the window at 1"), "{said}");
}

#[test]
fn layers_stand_beside_no_other_blocks() {
    let registry = Registry::standard();
    let method = |per: &str| format!("name = \"ef-sgd\"\nper = \"{per}\"");
    let blocks = "[semantics]\nscaling = [1, 1]\n[run]\nhorizon = 1";
    let error = check_claim(&stochastic("last(f)", "0", &method("layer"), blocks), &registry).expect_err("two answers");
    let error = error.to_string();
    assert!(error.contains("'per' is \"layer\"") && error.contains("remove `scaling`"), "{error}");
    // exact: one scale each makes it x -= x/4: f = ((3/2)^2 + (3/8)^2)/2
    let found =
        check_claim(&stochastic("last(f)", "153/128", &method("vector"), blocks), &registry).expect("one answer");
    assert_eq!(found.bounds[0].outcome, Outcome::Holds, "{:?}", found.bounds[0]);
    // A problem without layers is one: scale 5/4 for both, so that f = ((2 - 5/16)^2 + (1/2 - 5/16)^2)/2.
    let one = "[run]\nhorizon = 1";
    for per in ["layer", "vector"] {
        let found = check_claim(&stochastic("last(f)", "369/256", &method(per), one), &registry).expect("a layer");
        assert_eq!(found.bounds[0].outcome, Outcome::Holds, "{:?}", found.bounds[0]);
    }
    let error = check_claim(&stochastic("last(f)", "0", &method("layers"), one), &registry).expect_err("no word");
    assert!(error.to_string().contains("layer"), "{error}");
}

/// A parameter with a range, and a text that gives it and the required parameters beside it.
type Tried = (&'static ParamSpec, String);

/// For each number outside each range of a part: its keys, separated by `between`; nothing for parts that need a matrix
/// or a text.
fn outside(params: &'static [ParamSpec], between: &str) -> Vec<Tried> {
    let inside = |p: &ParamSpec| match p.kind {
        Kind::Matrix | Kind::Text => None,
        Kind::Word(words) => Some(format!("\"{}\"", words[0])),
        // Inside every range that there is: a number of things, else a factor or a probability.
        _ if p.limits.admits(&Real::integer(3)) => Some("3".into()),
        _ => Some("\"1/2\"".into()),
    };
    let required = |but: &ParamSpec| -> Option<Vec<String>> {
        let others = params.iter().filter(|p| p.default.is_none() && p.name != but.name);
        others.map(|p| Some(format!("{} = {}", p.name, inside(p)?))).collect()
    };
    let ranged = params.iter().filter(|p| !p.limits.is_any() && p.kind != Kind::Matrix);
    let tries = ranged.flat_map(|p| [-1, 3].map(|n| (p, n))).filter(|(p, n)| !p.limits.admits(&Real::integer(*n)));
    let with = |(p, n): (&'static ParamSpec, i64)| {
        let keys = [vec![format!("{} = {n}", p.name)], required(p)?].concat();
        Some((p, keys.join(between)))
    };
    tries.filter_map(with).collect()
}

/// A number outside the range of each parameter of each part is refused, and the message gives the range.
#[test]
fn every_range_is_enforced() {
    let registry = Registry::standard();
    let head = |left: &str| {
        format!(
            "schema = 1\nid = \"keys/range\"\ntitle = \"t\"\nsource = {{ paper = \"test\", place = \"p\" }}\nstatement = 'x'\n\
             relation = \"upper\"\nleft = \"{left}\"\n[[bound]]\nname = \"b\"\nright = 1\nexpect = \"holds\"\nwhy = \"w\"\n"
        )
    };
    let run = "[run]\nhorizon = 1\n";
    let quadratic = "[problem]\nname = \"quadratic\"\ncurvature = 1\nstart = [0]\n";
    let sgd = "[algorithm]\nname = \"sgd\"\nstep_size = 1\n";
    let mut tried = Vec::new();
    for e in registry.algorithms() {
        for (p, keys) in outside(e.params, "\n") {
            tried.push((p, format!("{}{run}{quadratic}[algorithm]\nname = \"{}\"\n{keys}\n", head("last(f)"), e.name)));
        }
    }
    for e in registry.problems() {
        for (p, keys) in outside(e.params, "\n") {
            tried.push((
                p,
                format!("{}{run}{sgd}[problem]\nname = \"{}\"\nstart = 1\n{keys}\n", head("last(f)"), e.name),
            ));
        }
    }
    for e in registry.noises() {
        for (p, keys) in outside(e.params, ", ") {
            let oracle = format!("[oracle]\nnoise = {{ law = \"{}\", {keys} }}\n", e.name);
            tried.push((p, format!("{}{run}{quadratic}{sgd}{oracle}", head("last(f)"))));
        }
    }
    for e in registry.compressors() {
        for (p, keys) in outside(e.params, ", ") {
            let compressor = format!("compressor = {{ name = \"{}\", {keys} }}\n", e.name);
            let algorithm = format!("[algorithm]\nname = \"ef-sgd\"\nstep_size = 1\n{compressor}");
            tried.push((p, format!("{}{run}{quadratic}{algorithm}", head("last(f)"))));
        }
    }
    for e in registry.quantities() {
        for (p, keys) in outside(e.params, "\n") {
            tried.push((p, format!("{}[quantity]\nname = \"{}\"\n{keys}\n", head(e.outputs[0].name), e.name)));
        }
    }
    assert!(tried.len() >= 60, "only {} numbers were tried", tried.len());
    for (p, file) in tried {
        let error = match check_claim(&file, &registry) {
            Ok(_) => panic!("'{}' is taken outside {}:\n{file}", p.name, p.limits),
            Err(error) => error.to_string(),
        };
        let told = error.contains(&format!("'{}' ", p.name)) && error.contains(&p.limits.to_string());
        assert!(told, "'{}' {}: {error}\n{file}", p.name, p.limits);
    }
}

#[test]
fn vacuous_has_the_relations_direction() {
    let file = decided("vacuous");
    assert_eq!(file.bounds.iter().map(|b| b.vacuous).collect::<Vec<_>>(), [false, false]);
    let vacuous: Vec<String> =
        as_derived("vacuous-directions").bounds.into_iter().filter(|b| b.vacuous).map(|b| b.bound).collect();
    assert_eq!(vacuous, ["as the trivial one", "above", "lower, vacuous", "irrational"]);
}

/// Every bound that has a direction declares what is known without it, or says why nothing is.
#[test]
fn shipped_bounds_have_a_trivial_one_or_a_reason() {
    let registry = Registry::standard();
    let mut missing = Vec::new();
    for claim in Catalog::all() {
        let spec = load(&claim.file, &claim.text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
        for bound in &spec.bounds {
            let unsaid = bound.scenarios.iter().any(|t| {
                let directed =
                    matches!(t.question.relation, Relation::Upper | Relation::Lower | Relation::NonConvergence);
                directed && t.question.trivial == Trivial::Unsaid
            });
            if unsaid {
                missing.push(format!("{} [{}]", spec.id, bound.name));
            }
        }
    }
    assert!(missing.is_empty(), "without `trivial`: {missing:#?}");
}
