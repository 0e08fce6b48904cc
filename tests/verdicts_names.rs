//! Names mean one thing: what a file declares is never mistaken for something of the program, whatever it is called.

mod common;

use common::run;
use signcheck::internals::claim::{
    Cell, Experiment, Expression, Formula, Instance, Left, PartSetup, Reducer, Scenario, Setting, Size, Start, Symbol,
    Table, Term, Trivial, Value, Variant, Work, cells, parse_tree,
};
use signcheck::internals::expr::Node;
use signcheck::model::Registry;
use signcheck::results::{Outcome, ResultFile};
use signcheck::run::Silent;
use signcheck::run::{Catalog, Profile, Settings, decide};
use signcheck::run::{Spec, load};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// The folder of this test's claim files; each has the derivation of its values in its `why`.
fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/names")
}

#[test]
fn declared_names_mean_what_is_declared() {
    // exact: by hand, beside each bound in its file
    for (file, outcome, left) in [
        ("captured-name", Outcome::Holds, "9/800"),
        ("term-under-e", Outcome::Holds, "9/800"),
        ("second-functional", Outcome::Violated, "3609/800"),
        ("term-of-two", Outcome::Holds, "9/8"),
        ("function-as-value", Outcome::Holds, "1/4"),
        ("statistic-on-the-right", Outcome::Holds, "9/8"),
        ("fact-of-another-part", Outcome::Holds, "9/16"),
        ("same-as-the-fact", Outcome::Holds, "9/4"),
        ("awkward-constants", Outcome::Holds, "0"),
        ("fact-in-a-quantity", Outcome::Holds, "5/2"),
    ] {
        let name = format!("{file}.toml");
        let text = std::fs::read_to_string(folder().join(&name)).unwrap();
        let registry = Registry::standard();
        let spec = load(&name, &text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
        let settings =
            Settings { registry: &registry, seed: 1, level: 1e-6, profile: Profile::Quick, progress: &Silent };
        let result = decide(&spec, &name, &text, &settings).unwrap_or_else(|e| panic!("{file}: {e}"));
        let [bound] = result.bounds.as_slice() else { panic!("{file}: one bound") };
        let exact = bound.left.exact.clone().unwrap_or_default();
        let value: signcheck::scalar::Rational = exact.parse().unwrap_or_else(|_| panic!("{file}: left {exact}"));
        assert_eq!((bound.outcome, value), (outcome, left.parse().unwrap()), "{file}: {}", bound.reason);
    }
}

#[test]
fn a_name_that_could_mean_two_things_is_refused_with_both() {
    let temporary = tempfile::tempdir().unwrap();
    for (file, parts) in [
        (
            "statistic-in-the-left",
            &["could mean two things", "declared parameter 'x1'", "statistic 'x1'", "declared here"][..],
        ),
        ("statistic-alone", &["could mean two things", "declared parameter 'f'", "f(x_k)", "declared here"]),
        ("view-in-the-left", &["could mean two things", "statistic 'error_l2'", "declared here"]),
        ("fact-of-this-part", &["could mean two things", "parameter, 7", "f(x_0) - f*", "9/2"]),
        ("almost-the-fact", &["could mean two things", "the declared parameter, 4.5", "which is 9/2"]),
        ("output-of-the-quantity", &["could mean two things", "output 'first' of 'expectation'", "the quantity"]),
        ("reserved", &["'case' has a meaning of its own", "the record of a cell"]),
        ("dimension-of-nothing", &["'el', which is no declared parameter", "did you mean 'ell'"]),
        ("one-file-for-two", &["the files of bounds 'printed!' and 'printed' would have one name"]),
        ("figure-of-nothing", &["'bounds' names 'print', which is no [[bound]]", "did you mean 'printed'"]),
        ("empty-name", &["the case's name is empty"]),
        ("uneven-order", &["'order' compares 'long' and 'short', which sweep different values"]),
    ] {
        let path = folder().join(format!("{file}.toml"));
        let call = run(temporary.path(), &["verify", &path.to_string_lossy()]);
        assert_eq!(call.code, Some(3), "{file}: {call}");
        for part in parts {
            assert!(call.stderr.contains(part), "{file}: no {part:?} in\n{call}");
        }
        assert!(call.stderr.contains(&format!("{file}.toml:")), "{file}: no place in\n{call}");
        assert_eq!(common::files(temporary.path()).len(), 0, "{file}: something was written");
    }
}

#[test]
fn compute_bound_takes_what_the_right_side_uses_and_nothing_else() {
    let temporary = tempfile::tempdir().unwrap();
    let bound = |set: &[&str]| {
        let mut arguments = vec!["compute", "bound", "bernstein2018/theorem-1"];
        set.iter().for_each(|s| arguments.extend(["--set", s]));
        run(temporary.path(), &arguments)
    };
    let all = ["K=16", "L1=4", "D=1", "sigma1=0"];
    // exact: (2 (1 + 1/2) + 0)/4
    assert_eq!(bound(&all).stdout.trim(), "3/4");
    for (extra, parts) in [
        ("foo=1", &["does not use 'foo'", "D, K, L1, sigma1"][..]),
        ("L=5", &["does not use 'L'", "D, K, L1, sigma1"]),
        ("k=2", &["does not use 'k'"]),
        ("K=17", &["--set K: given twice"]),
    ] {
        let call = bound(&[&all[..], &[extra]].concat());
        assert_eq!(call.code, Some(3), "{extra}: {call}");
        for part in parts {
            assert!(call.stderr.contains(part), "{extra}: no {part:?} in\n{call}");
        }
    }
    let call = bound(&["K=16", "D=1"]);
    assert_eq!(call.code, Some(3), "{call}");
    assert!(call.stderr.contains("give L1, sigma1 with --set"), "{call}");
}

/// Names that the program could be tempted to read as its own: places of terms and functionals, constants, functions.
const AWKWARD: [&str; 24] = [
    "r0", "t0", "t1", "r1", "e", "pi", "t2", "r2", "sqrt", "mean", "last", "first", "max", "abs", "sgn", "exp", "ln",
    "e1", "x0", "r3", "t3", "floor", "sin", "log2",
];

/// Facts; where a file's parts supply them, the file is refused.
const FACTS: [&str; 14] = [
    "gap_median",
    "delta",
    "rho",
    "second_moment",
    "p_sign",
    "I_sign",
    "mu1",
    "n",
    "sigma_max",
    "grad0_l2",
    "G",
    "Lmax",
    "fstar",
    "R",
];

/// The new names of parameters, cases and bounds.
struct Renaming {
    parameters: BTreeMap<String, String>,
    cases: BTreeMap<String, String>,
    bounds: BTreeMap<String, String>,
}

impl Renaming {
    /// Takes names in turn from a list, and makes more by a letter: underscores do not show in the names of files.
    fn new(tree: &Table, list: &[&str]) -> Self {
        let mut parameters = Vec::new();
        declared(tree, &mut parameters);
        let give = |old: Vec<String>, list: &[&str]| -> BTreeMap<String, String> {
            let fresh = |i: usize| format!("{}{}", list[i % list.len()], "q".repeat(i / list.len()));
            old.into_iter().enumerate().map(|(i, name)| (name, fresh(i))).collect()
        };
        Renaming {
            parameters: give(parameters, list),
            cases: give(names(tree, "case"), &["r0", "printed", "E", "T", "f"]),
            bounds: give(names(tree, "bound"), &["t0", "x1", "E", "K", "holds"]),
        }
    }

    fn back(map: &BTreeMap<String, String>, name: &str) -> String {
        map.iter().find(|(_, new)| *new == name).map_or_else(|| name.to_string(), |(old, _)| old.clone())
    }
}

fn declared(table: &Table, found: &mut Vec<String>) {
    for entry in &table.entries {
        match &entry.node.value {
            Value::Table(inner) if entry.key == "parameters" => {
                let new: Vec<String> =
                    inner.entries.iter().map(|e| e.key.clone()).filter(|k| !found.contains(k)).collect();
                found.extend(new);
            }
            Value::Table(inner) if entry.key != "family" => declared(inner, found),
            Value::List(list) => list.iter().for_each(|n| {
                if let Value::Table(inner) = &n.value {
                    declared(inner, found);
                }
            }),
            _ => {}
        }
    }
}

fn names(tree: &Table, section: &str) -> Vec<String> {
    let Some(Value::List(list)) = tree.get(section).map(|n| &n.value) else { return Vec::new() };
    let name = |table: &Table| match table.get("name").map(|n| &n.value) {
        Some(Value::Text(name)) => Some(name.clone()),
        _ => None,
    };
    list.iter().filter_map(|n| if let Value::Table(table) = &n.value { name(table) } else { None }).collect()
}

/// Keys whose texts are no expressions in declared parameters: prose, words, and little languages of their own.
const NO_EXPRESSION: &[&str] = &[
    "keep",
    "schema",
    "id",
    "title",
    "paper",
    "place",
    "statement",
    "notes",
    "assumes",
    "hypotheses",
    "name",
    "law",
    "expect",
    "why",
    "kind",
    "caption",
    "x_label",
    "y_label",
    "units",
    "atoms",
    "first",
    "second",
    "third",
    "file",
    "order",
    "curves",
    "sign_zero",
    "ties",
    "momentum_form",
    "momentum_start",
    "scaling",
    "sampling",
    "spacing",
    "band",
    "x_scale",
    "y_scale",
    "relation",
    "conventions",
    "problems",
    "scope",
    "split",
    "minimum",
    "form",
    "bias_correction",
];

/// The text of a claim file with other names, everything else as it stands.
fn renamed(text: &str, tree: &Table, renaming: &Renaming) -> String {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    rename_table(text, tree, "", renaming, &mut edits);
    edits.sort_by_key(|(span, _)| span.start);
    edits.dedup();
    let mut out = String::new();
    let mut at = 0;
    for (span, new) in edits {
        out.push_str(&text[at..span.start]);
        out.push_str(&new);
        at = span.end;
    }
    out + &text[at..]
}

fn rename_table(
    text: &str,
    table: &Table,
    section: &str,
    renaming: &Renaming,
    edits: &mut Vec<(Range<usize>, String)>,
) {
    for entry in &table.entries {
        let names_parameters = matches!(section, "parameters" | "values" | "dimensions");
        if names_parameters && let Some(new) = renaming.parameters.get(&entry.key) {
            edits.push((entry.key_span.clone(), new.clone()));
        }
        let whole = |map: &BTreeMap<String, String>| Some(map.clone());
        let names = match (section, entry.key.as_str()) {
            (_, "cases") | ("case", "name") => whole(&renaming.cases),
            ("bound", "name") | ("control", "bound") | ("figure", "bounds") => whole(&renaming.bounds),
            _ => None,
        };
        rename_node(text, &entry.key, &entry.node, (names.as_ref(), names_parameters), renaming, edits);
    }
}

fn rename_node(
    text: &str,
    key: &str,
    node: &signcheck::internals::claim::Node,
    (names, definition): (Option<&BTreeMap<String, String>>, bool),
    renaming: &Renaming,
    edits: &mut Vec<(Range<usize>, String)>,
) {
    match (&node.value, names) {
        (Value::Table(inner), _) => rename_table(text, inner, key, renaming, edits),
        (Value::List(list), _) => {
            // Atoms are a text of their own language, or a list of expressions.
            let definition = definition || key == "atoms";
            list.iter().for_each(|n| rename_node(text, key, n, (names, definition), renaming, edits));
        }
        (Value::Text(old), Some(names)) => {
            let new = names.get(old).unwrap_or_else(|| panic!("no new name of {old}"));
            edits.push((node.span.clone(), format!("\"{new}\"")));
        }
        (Value::Text(_), None) if definition || !NO_EXPRESSION.contains(&key) => {
            let raw = &text[node.span.clone()];
            edits.push((node.span.clone(), rename_words(raw, &renaming.parameters)));
        }
        _ => {}
    }
}

/// An expression with other names: words that are no functions and no exponents of numbers.
fn rename_words(text: &str, names: &BTreeMap<String, String>) -> String {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| !letter(c)).unwrap_or(rest.len());
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (word, after) = rest.split_at(length);
        let call = after.trim_start().starts_with('(');
        out.push_str(names.get(word).filter(|_| !call).map_or(word, String::as_str));
        rest = after;
    }
    out
}

/// A spec as text, names put back: equal texts are equal claims. Only what stands here can enter a verdict beside the
/// keys of the random streams.
struct Shape<'a>(&'a Renaming);

impl Shape<'_> {
    fn spec(&self, spec: &Spec) -> String {
        let bounds = spec.bounds.iter().map(|b| {
            let scenarios: Vec<String> = b.scenarios.iter().map(|t| self.scenario(t)).collect();
            format!("bound {} {scenarios:#?}", Renaming::back(&self.0.bounds, &b.name))
        });
        let controls = spec.controls.iter().map(|c| {
            let scenarios: Vec<String> = c.scenarios.iter().map(|t| self.scenario(t)).collect();
            format!("control {} {scenarios:#?}", Renaming::back(&self.0.bounds, &c.bound))
        });
        let curves = spec.curves.iter().flat_map(|c| c.variants.iter().map(|(case, v)| (&c.name, case, v)));
        let curves = curves
            .map(|(name, case, v)| format!("curve {name} {} {}", Renaming::back(&self.0.cases, case), self.variant(v)));
        let figures = spec.figures.iter().map(|f| {
            let drawn: Vec<String> = f.y.iter().chain(&f.lines).map(|y| self.formula(y)).collect();
            format!("figure {} {drawn:?} {:?}", f.name, f.x.as_ref().map(|x| self.parameter(x)))
        });
        bounds.chain(controls).chain(curves).chain(figures).collect::<Vec<_>>().join("\n")
    }

    fn parameter(&self, name: &str) -> String {
        Renaming::back(&self.0.parameters, name)
    }

    fn scenario(&self, scenario: &Scenario) -> String {
        let q = &scenario.question;
        let curves: Vec<String> =
            scenario.curves.iter().map(|(name, v)| format!("{name} {}", self.variant(v))).collect();
        format!(
            "case {} {} {:?} {} {:?} {:?} {:?} {:?} {:?} {curves:?}",
            Renaming::back(&self.0.cases, &scenario.case),
            self.variant(&scenario.variant),
            q.relation,
            self.left(&q.left),
            q.right.as_ref().map(|f| self.formula(f)),
            q.margin.as_ref().map(|f| self.formula(f)),
            match &q.trivial {
                Trivial::Right(f) => Some(self.formula(f)),
                // Why there is none is prose.
                Trivial::None(_) => Some("none".into()),
                Trivial::Unsaid => None,
            },
            q.order,
            q.rate_in.as_ref().map(|n| self.parameter(n)),
        )
    }

    fn variant(&self, v: &Variant) -> String {
        let parameters: Vec<(String, Vec<String>)> = v
            .parameters
            .iter()
            .map(|p| (self.parameter(&p.name), p.values.iter().map(|f| self.formula(f)).collect()))
            .collect();
        let requires: Vec<String> = v
            .requires
            .iter()
            .map(|r| format!("{} {} {}", self.expression(&r.low), self.expression(&r.high), r.strict))
            .collect();
        let work = match &v.work {
            Work::Quantity(part) => self.part(part),
            Work::Experiment(e) => self.experiment(e),
        };
        format!("{parameters:?} {requires:?} {:?} {work}", v.hypotheses)
    }

    fn experiment(&self, e: &Experiment) -> String {
        let start = match &e.start {
            Start::Default => "default".to_string(),
            Start::At(list) => list.iter().map(|f| self.formula(f)).collect::<Vec<_>>().join(";"),
            Start::Random(part) => self.part(part),
        };
        let run = &e.run;
        format!(
            "{} {start} {:?} {:?} {:?} {} {} {:?} {} {:?} {:?} {} {}",
            self.part(&e.problem),
            e.oracle.noise.as_ref().map(|p| self.part(p)),
            e.oracle.batch.as_ref().map(|f| self.formula(f)),
            e.oracle.workers.as_ref().map(|f| self.formula(f)),
            e.oracle.minibatch,
            self.part(&e.algorithm),
            e.semantics,
            self.formula(&run.horizon),
            run.window.as_ref().map(|(a, b)| (self.formula(a), self.formula(b))),
            run.replicates,
            run.checkpoints,
            run.logarithmic,
        )
    }

    fn part(&self, part: &PartSetup) -> String {
        let settings: Vec<String> = part
            .settings
            .iter()
            .map(|(param, setting, _)| {
                let value = match setting {
                    Setting::Formula(f) => self.formula(f),
                    Setting::List(list) => list.iter().map(|f| self.formula(f)).collect::<Vec<_>>().join(";"),
                    Setting::Rows(rows) => rows.iter().flatten().map(|f| self.formula(f)).collect::<Vec<_>>().join(";"),
                    Setting::Text(text) => text.clone(),
                    Setting::Part(inner) => self.part(inner),
                };
                format!("{} = {value}", param.name)
            })
            .collect();
        format!("{} {settings:?}", part.name)
    }

    fn left(&self, left: &Left) -> String {
        let reduced = |list: &[(Reducer, Expression)]| -> Vec<String> {
            list.iter().map(|(r, e)| format!("{r:?} {}", self.expression(e))).collect()
        };
        let terms: Vec<String> = left
            .terms
            .iter()
            .map(|term| match term {
                Term::MeanOfPath(path) => {
                    format!("E {} {:?}", self.expression(&path.combine), reduced(&path.reductions))
                }
                Term::TimeOfMean(reducer, e) => format!("{reducer:?} E {}", self.expression(e)),
            })
            .collect();
        format!("{} {terms:?}", self.expression(&left.combine))
    }

    fn formula(&self, formula: &Formula) -> String {
        self.expression(&formula.expr)
    }

    /// The tree with each symbol's kind.
    fn expression(&self, expr: &Expression) -> String {
        let text = expr.root().fold::<_, (), _>(|node, parts: &[String]| {
            Ok(match node {
                Node::Number { value, .. } => value.to_string(),
                Node::Name { name: Symbol::Parameter(name), .. } => format!("parameter {}", self.parameter(name)),
                Node::Name { name: Symbol::Fact(spec), .. } => format!("fact {}", spec.name),
                Node::Name { name, .. } => format!("{name:?}"),
                Node::Negate { .. } => format!("-({})", parts[0]),
                Node::Binary { op, .. } => format!("({}){}({})", parts[0], op.symbol(), parts[1]),
                Node::Call { function, .. } => format!("{function}({})", parts.join(",")),
            })
        });
        text.unwrap()
    }
}

/// Whether an error says that a name could mean two things.
fn is_collision(message: &str) -> bool {
    message.contains("could mean two things")
}

/// The instances of a claim's own setups, small ones, at their first cells.
fn build(spec: &Spec, registry: &Registry) -> Result<(), String> {
    for scenario in spec.scenarios() {
        let Some(experiment) = scenario.variant.experiment() else { continue };
        let cell: Cell = cells(&scenario.variant).map_err(|e| e.message)?.remove(0);
        if Size::estimate(registry, experiment, &cell).dimension.0 <= 16 {
            Instance::build(registry, experiment, &cell).map_err(|e| e.message)?;
        }
    }
    Ok(())
}

/// Every claim of the catalogue, all its parameters, cases and bounds renamed: it is the same claim.
///
/// The claims are compared in the form that the loader gives them, symbol by symbol, with names put back. That suffices
/// for every verdict, sampled ones included. Below the loader names are read only to label records and to key the
/// random streams (a claim, its case and its given parameters by name), so that equal trees give equal numbers up to
/// the choice of the streams. That nothing else reads one is what `renamed_claims_have_the_same_verdicts` tries on runs
/// without randomness, byte for byte.
#[test]
fn a_claim_with_other_names_is_the_same_claim() {
    let registry = Registry::standard();
    let (mut same, mut refused) = (0, 0);
    for claim in Catalog::matching("*").unwrap() {
        let spec = load(&claim.file, &claim.text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
        let tree = parse_tree(&claim.text).unwrap();
        for (shift, facts) in [(0, false), (8, false), (0, true), (5, true)] {
            let mut list: Vec<&str> = if facts { FACTS.to_vec() } else { AWKWARD.to_vec() };
            // A name that the file uses for something else would change its meaning in the text already.
            list.rotate_left(shift);
            list.retain(|name| !uses(&claim.text, name) || !facts);
            let renaming = Renaming::new(&tree, &list);
            let text = renamed(&claim.text, &tree, &renaming);
            let other = match load(&claim.file, &text, &registry, &[]) {
                Ok(other) => other,
                Err(e) if is_collision(&e.to_string()) => {
                    refused += 1;
                    continue;
                }
                Err(e) => panic!("{e}"),
            };
            let unchanged = Renaming { parameters: BTreeMap::new(), cases: BTreeMap::new(), bounds: BTreeMap::new() };
            let (was, is) = (Shape(&unchanged).spec(&spec), Shape(&renaming).spec(&other));
            let first = was.lines().zip(is.lines()).find(|(a, b)| a != b);
            assert!(was == is, "{}: {first:#?}\n{text}", claim.file);
            same += 1;
            // A name of a fact must be free on the instance, or refused there.
            if facts && let Err(message) = build(&other, &registry) {
                assert!(is_collision(&message), "{}: {message}", claim.file);
                refused += 1;
            }
        }
    }
    assert!(same >= 300 && refused >= 20, "{same} the same, {refused} refused");
}

/// Whether a word stands anywhere in a text.
fn uses(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name)
}

/// Claims in which nothing is random, and that take a moment, decided under both names.
#[test]
fn renamed_claims_have_the_same_verdicts() {
    let registry = Registry::standard();
    let settings = Settings { registry: &registry, seed: 1, level: 1e-6, profile: Profile::Quick, progress: &Silent };
    let mut compared = 0;
    for claim in Catalog::matching("*").unwrap() {
        let spec = load(&claim.file, &claim.text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
        if !is_quick(&spec, &registry) {
            continue;
        }
        let tree = parse_tree(&claim.text).unwrap();
        let list: Vec<&str> = AWKWARD[..8].iter().copied().filter(|name| !uses(&claim.text, name)).collect();
        let renaming = Renaming::new(&tree, &list);
        let text = renamed(&claim.text, &tree, &renaming);
        let other = load(&claim.file, &text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
        let was = decide(&spec, &claim.file, &claim.text, &settings).unwrap_or_else(|e| panic!("{e}"));
        let is = decide(&other, &claim.file, &text, &settings).unwrap_or_else(|e| panic!("{e}"));
        let unchanged = Renaming { parameters: BTreeMap::new(), cases: BTreeMap::new(), bounds: BTreeMap::new() };
        let (was, is) = (verdicts(&was, &unchanged), verdicts(&is, &renaming));
        let first = was.iter().zip(&is).find(|(a, b)| a != b);
        assert!(was == is, "{}: {first:#?}", claim.file);
        compared += 1;
    }
    assert!(compared >= 20, "{compared} compared");
}

/// Every bound, cell and control of a result as JSON, names put back, in the order of the texts: groups of cells and
/// bounds stand in the order of their names.
fn verdicts(result: &ResultFile, renaming: &Renaming) -> Vec<String> {
    let bounds = result.bounds.iter().map(|b| serde_json::json!(b));
    let cells = result
        .cells
        .iter()
        .flat_map(|(name, cells)| cells.iter().map(move |c| serde_json::json!({ "bound": name, "cell record": c })));
    let controls = result.controls.iter().map(|c| {
        serde_json::json!({
            "bound": c.bound, "expect": c.expect, "outcome": c.outcome, "caught": c.caught, "ratio": c.ratio,
        })
    });
    let mut all: Vec<String> =
        bounds.chain(cells).chain(controls).map(|record| put_back(record, renaming).to_string()).collect();
    all.sort();
    all
}

/// Quantities that take no time.
const CHEAP: [&str; 6] =
    ["expectation", "order-identity", "communication", "sign-error-bound", "warmup", "interpolation"];

/// Whether all that a claim runs is deterministic and short.
fn is_quick(spec: &Spec, registry: &Registry) -> bool {
    let variants = spec.scenarios().flat_map(|t| t.curves.iter().map(|(_, v)| v).chain([&t.variant]));
    let curves = spec.curves.iter().flat_map(|c| &c.variants).chain(&spec.base).map(|(_, v)| v);
    let mut work = 0u64;
    let all_known = variants.chain(curves).all(|v| {
        let Ok(cells) = cells(v) else { return false };
        cells.iter().all(|cell| match v.experiment() {
            None => matches!(&v.work, Work::Quantity(part) if CHEAP.contains(&part.name.as_str())),
            Some(experiment) => {
                let size = Size::estimate(registry, experiment, cell);
                work = work.saturating_add(size.horizon.0.saturating_mul(size.dimension.0));
                size.deterministic && size.data == 0
            }
        })
    });
    all_known && work < 20_000
}

/// Names put back in a result: keys and cases of cells, bounds, and the texts of conditions.
fn put_back(value: serde_json::Value, renaming: &Renaming) -> serde_json::Value {
    use serde_json::Value as Json;
    let words: BTreeMap<String, String> =
        renaming.parameters.iter().map(|(old, new)| (new.clone(), old.clone())).collect();
    match value {
        Json::Array(list) => list.into_iter().map(|v| put_back(v, renaming)).collect(),
        Json::Object(map) => {
            let sorted: BTreeMap<String, Json> = map
                .into_iter()
                .map(|(key, v)| {
                    let v = match (key.as_str(), v) {
                        ("case", Json::String(name)) => Renaming::back(&renaming.cases, &name).into(),
                        ("bound", Json::String(name)) => Renaming::back(&renaming.bounds, &name).into(),
                        (_, v) => put_back(v, renaming),
                    };
                    (Renaming::back(&renaming.parameters, &key), v)
                })
                .collect();
            Json::Object(sorted.into_iter().collect())
        }
        Json::String(text) => rename_words(&text, &words).into(),
        other => other,
    }
}
