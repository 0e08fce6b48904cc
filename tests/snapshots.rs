//! Every text that a user meets stands in a file below `tests/snapshots`: help, errors, and what the commands print.
//!
//! A text that differs, one without its file and a file without its text fail. The files are to be read: they are how
//! a change of wording shows in a review.

mod common;

use common::{DESCENT, NOISY, program, with};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use tempfile::TempDir;

/// Folders below `tests/snapshots`, each filled by one test.
const GROUPS: [&str; 3] = ["errors", "help", "output"];
/// What writes all files again.
const ACCEPT: &str = "INSTA_UPDATE=always cargo test --release --test snapshots";
/// Tables are as wide as on a terminal of this width. Help, which few shells tell their width, is as wide as it likes.
const WIDTH: &str = "120";
const HELP: [&str; 2] = ["--help", "-h"];

/// Texts by the names of their files.
#[derive(Default)]
struct Texts(BTreeMap<String, String>);

impl Texts {
    #[track_caller]
    fn add(&mut self, name: &str, text: String) {
        assert!(self.0.insert(name.into(), text).is_none(), "two texts have the name '{name}'");
    }

    /// Compares all texts with the files of a group, and the files with the texts.
    #[track_caller]
    fn hold(&self, group: &str) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(root.join(group));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let is_as_filed = |(name, text): (&String, &String)| {
            catch_unwind(AssertUnwindSafe(|| settings.bind(|| insta::assert_snapshot!(name.as_str(), text)))).is_ok()
        };
        let differing: Vec<&String> = self.0.iter().filter(|shot| !is_as_filed(*shot)).map(|(name, _)| name).collect();
        let mut stale: Vec<String> = Vec::new();
        for (folder, known) in [(root.clone(), GROUPS.map(String::from).into()), (root.join(group), self.files())] {
            stale.extend(entries(&folder).difference(&known).map(|name| folder.join(name).display().to_string()));
        }
        if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
            stale.retain(|file| std::fs::remove_file(file).is_err());
        }
        assert!(
            differing.is_empty() && stale.is_empty(),
            "texts that are new or not as their files (differences above): {differing:?}\nfiles that no text has: \
             {stale:?}\nRead the differences; if all are meant: {ACCEPT}"
        );
    }

    /// The files that hold these texts.
    fn files(&self) -> BTreeSet<String> {
        self.0.keys().map(|name| format!("{name}.snap")).collect()
    }
}

/// Names in a folder, without what waits for review.
fn entries(folder: &Path) -> BTreeSet<String> {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    names.map(|e| e.file_name().to_string_lossy().into_owned()).filter(|n| !n.ends_with(".snap.new")).collect()
}

/// A folder with files, in which the program is called.
struct Desk {
    folder: TempDir,
    /// The calls so far, and what they printed.
    told: String,
}

impl Desk {
    fn new() -> Self {
        Desk { folder: tempfile::tempdir().expect("a folder"), told: String::new() }
    }

    /// With a claim file `claim.toml`.
    fn with(text: &str) -> Self {
        Desk::new().file("claim.toml", text)
    }

    fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
        self
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect("a text")
    }

    /// Calls the program, and notes what it prints.
    fn call(mut self, arguments: &[&str]) -> Self {
        let mut command = program(self.folder.path(), arguments);
        if !arguments.last().is_some_and(|last| HELP.contains(last)) {
            command.env("COLUMNS", WIDTH);
        }
        for name in ["CLICOLOR_FORCE", "RUST_BACKTRACE", "RUST_LIB_BACKTRACE"] {
            command.env_remove(name);
        }
        let call: common::Call = command.output().expect("the program starts").into();
        let quoted =
            |word: &&str| if word.contains([' ', '*', '[']) { format!("'{word}'") } else { (*word).to_string() };
        let line: Vec<String> = arguments.iter().map(quoted).collect();
        let mut told = format!("$ signcheck {}\n{}", line.join(" "), call.stdout);
        if !call.stderr.is_empty() {
            told += &format!("--- on standard error\n{}", call.stderr);
        }
        told += &format!("--- exit code {}\n", call.code.map_or("none".into(), |code| code.to_string()));
        let folder = self.folder.path().display().to_string();
        if !self.told.is_empty() {
            self.told.push('\n');
        }
        self.told += &told.replace(&folder, "FOLDER");
        self
    }

    /// Calls the program without noting anything.
    fn silently(self, arguments: &[&str]) -> Self {
        let told = self.told.clone();
        Desk { told, ..self.call(arguments) }
    }
}

/// What one call in a folder with a claim file prints.
fn call(text: &str, arguments: &[&str]) -> String {
    Desk::with(text).call(arguments).told
}

/// The commands that a help lists, under whatever heading, above the options.
fn commands(help: &str) -> Vec<String> {
    let name = |line: &str| {
        let begins = line.strip_prefix("  ")?.starts_with(|c: char| c.is_ascii_lowercase());
        begins.then(|| line.split_whitespace().next().map(String::from)).flatten()
    };
    let names: Vec<String> = help.lines().take_while(|line| *line != "Options:").filter_map(name).collect();
    // Where there are commands, clap adds `help`.
    assert!(names.is_empty() || names.last().is_some_and(|last| last == "help"), "what are the commands?\n{help}");
    names.into_iter().filter(|name| name != "help").collect()
}

/// The help of a command and of all commands below it.
fn add_help(texts: &mut Texts, path: &[String]) {
    let help = |flag: &str| {
        let words: Vec<&str> = path.iter().map(String::as_str).chain([flag]).collect();
        Desk::new().call(&words).told
    };
    let [long, short] = HELP.map(help);
    let name = if path.is_empty() { "signcheck".into() } else { path.join("-") };
    let beyond_the_call = |text: &str| text.split_once('\n').map(|(_, rest)| rest.to_string());
    if beyond_the_call(&long) != beyond_the_call(&short) {
        texts.add(&format!("{name}.short"), short);
    }
    let below = commands(&long);
    assert_eq!(below.is_empty(), !long.contains("the help of the given subcommand"), "{long}");
    for command in below {
        add_help(texts, &[path, &[command]].concat());
    }
    texts.add(&name, long);
}

#[test]
fn help_is_as_filed() {
    let mut texts = Texts::default();
    add_help(&mut texts, &[]);
    texts.hold("help");
}

/// Claim files with one fault each.
fn wrong_files() -> Vec<(&'static str, String)> {
    let change = |old: &str, new: &str| with(DESCENT, old, new);
    let right = |formula: &str| change("\"L*R^2/(2*T)\"", &format!("\"{formula}\""));
    let more = |text: &str| format!("{DESCENT}\n{text}\n");
    let problem = &DESCENT[DESCENT.find("[problem]").unwrap()..DESCENT.find("[oracle]").unwrap()];
    let bound = "\n[[bound]]\nname = \"printed\"\nright = 1\nexpect = \"holds\"\nwhy = \"no reason\"\n";
    let rate = change("relation = \"upper\"", "relation = \"rate\"\nrate_in = \"T\"");
    let order = change("relation = \"upper\"", "relation = \"ordering\"");
    let order = with(&order, "right = \"L*R^2/(2*T)\"", "order = [\"one\"]");
    let control =
        "[[control]]\nbound = \"printed\"\nchange = { algorithm = { name = \"signsgd\" } }\nexpect = \"holds\"";
    vec![
        ("key-unknown", change("hypotheses =", "hypothesis =")),
        ("key-missing", change("title = \"Gradient descent on a quadratic\"\n", "")),
        ("key-of-a-part-unknown", change("curvature = [1, \"1/8\"]", "curvature = [1, \"1/8\"]\nrotation = 3")),
        ("key-of-a-part-missing", change("curvature = [1, \"1/8\"]\n", "")),
        ("key-lost-by-a-change", more(control)),
        ("key-that-a-change-cannot-set", change("change = { right", "change = { title")),
        ("section-missing", DESCENT.replace(problem, "")),
        ("nothing-to-do", DESCENT[..DESCENT.find("[[bound]]").unwrap()].to_string()),
        ("part-unknown", change("\"sgd\"", "\"sgdd\"")),
        ("word-unknown-and-like-none", change("\"upper\"", "\"zzzzzzzzzzzz\"")),
        ("hypothesis-unknown", change("\"convex\"", "\"convx\"")),
        ("word-unknown", change("\"upper\"", "\"uper\"")),
        ("bound-unknown", change("bound = \"printed\"", "bound = \"printd\"")),
        ("bound-twice", more(bound)),
        ("id-malformed", change("test/descent", "descent")),
        ("schema-unknown", change("schema = 1", "schema = 2")),
        ("type-wrong", change("title = \"Gradient descent on a quadratic\"", "title = 3")),
        ("number-not-exact", change("start = [3, 4]", "start = [3, \"4,5\"]")),
        ("number-not-finite", change("[1, 4]", "inf")),
        ("number-out-of-range", change("[1, \"1/8\"]", "[1, -2]")),
        ("horizon-not-whole", change("horizon = \"T\"", "horizon = \"3/2\"")),
        ("replicates-zero", change("horizon = \"T\"", "horizon = \"T\"\nreplicates = 0")),
        ("window-empty", change("horizon = \"T\"", "horizon = \"T\"\nwindow = [1, 0]")),
        ("start-too-long", change("start = [3, 4]", "start = [3, 4, 5]")),
        ("formula-name-unknown", right("Lmx*R^2/(2*T)")),
        ("formula-function-unknown", right("sqr(L)*R^2/(2*T)")),
        ("formula-not-closed", right("L*R^2/(2*T")),
        ("formula-product-without-sign", right("L R^2/(2*T)")),
        ("formula-divides-by-zero", change("T = [1, 4]", "T = \"1/0\"")),
        ("left-outside-of-time", change("\"last(f) - fstar\"", "\"f - fstar\"")),
        ("left-nests", change("\"last(f) - fstar\"", "\"last(mean(f))\"")),
        ("name-with-a-meaning-of-its-own", change("T = [1, 4]", "T = [1, 4]\nk = 3")),
        ("name-of-two-things", with(&change("T = [1, 4]", "T = [1, 4]\nf = 3"), "L*R^2/(2*T)", "L*R^2/(2*T) + f")),
        ("name-of-a-fact", change("T = [1, 4]", "T = [1, 4]\nL = 3")),
        ("parameters-in-a-circle", change("T = [1, 4]", "T = \"A + 1\"\nA = \"T/2\"")),
        ("rate-without-a-sweep", rate),
        ("ordering-of-one", order),
        ("units-without-a-reason", change("relation =", "units = \"waived\"\nrelation =")),
        ("trivial-without-a-reason", change("relation =", "trivial = \"none:\"\nrelation =")),
        ("requires-no-inequality", change("hypotheses =", "requires = [\"T + 1\"]\nhypotheses =")),
        ("family-part-unknown", more("[family]\nproblems = [\"quadratik\"]")),
        ("family-range-reversed", more("[family]\nparameters = { T = [4, 1] }")),
        ("figures-of-one-name", more("[[figure]]\nkind = \"left-against-bound\"\nx = \"T\"")),
        ("toml-malformed", change("[parameters]", "[parameters")),
        ("several-at-once", with(&change("\"sgd\"", "\"sgdd\""), "\"convex\"", "\"convx\"")),
    ]
}

#[test]
fn errors_are_as_filed() {
    let mut texts = Texts::default();
    for (name, text) in wrong_files() {
        texts.add(&format!("file-{name}"), call(&text, &["check", "claim.toml"]));
    }
    for (name, arguments) in [
        ("claim-unknown", &["verify", "karimireddy2019/counterexmple-2"][..]),
        ("claim-unknown-and-like-none", &["verify", "nothing-like-it/*"]),
        ("claim-file-missing", &["verify", "absent.toml"]),
        ("claims-where-one-is-meant", &["trace", "karimireddy2019/counterexample-*"]),
        ("command-unknown", &["verfy", "claim.toml"]),
        ("command-missing", &[]),
        ("flag-unknown", &["verify", "claim.toml", "--treads", "2"]),
        ("flag-without-value", &["verify", "claim.toml", "--seed"]),
        ("argument-missing", &["verify"]),
        ("threads-zero", &["verify", "claim.toml", "--threads", "0"]),
        ("level-out-of-range", &["verify", "claim.toml", "--level", "2"]),
        ("profile-unknown", &["verify", "claim.toml", "--profile", "slow"]),
        ("memory-malformed", &["verify", "claim.toml", "--memory", "lots"]),
        ("set-unknown", &["verify", "claim.toml", "--set", "TT=3"]),
        ("set-without-value", &["verify", "claim.toml", "--set", "T"]),
        ("set-malformed", &["verify", "claim.toml", "--set", "T=x+"]),
        ("set-twice", &["verify", "claim.toml", "--set", "T=1", "--set", "T=2"]),
        ("set-list", &["verify", "claim.toml", "--set", "T=[1,2]"]),
        ("set-out-of-range", &["verify", "claim.toml", "--set", "T=-1"]),
        ("assume-unknown", &["verify", "claim.toml", "--assume", "odd-worker"]),
        ("drop-what-is-not-there", &["verify", "claim.toml", "--drop", "bounded-gradient"]),
        ("record-missing", &["verify", "--from", "absent.json"]),
        ("trace-of-no-steps", &["trace", "claim.toml", "--steps", "0"]),
        ("falsify-bound-unknown", &["falsify", "claim.toml", "--bound", "printd"]),
        ("falsify-range-malformed", &["falsify", "claim.toml", "--set", "T in 10"]),
        ("falsify-range-of-unknown", &["falsify", "claim.toml", "--set", "Q in [1, 2]"]),
        ("compute-unknown", &["compute", "warmpu"]),
        ("compute-bound-unknown-constant", &["compute", "bound", "claim.toml", "--set", "Q=1"]),
        ("regress-without-baseline", &["regress", "claim.toml"]),
        ("results-missing", &["report"]),
        ("output-folder-is-a-file", &["reproduce", "claim.toml", "--out", "claim.toml/here"]),
        ("new-id-malformed", &["new", "no-slash"]),
        ("new-file-exists", &["new", "paper/claim"]),
        ("format-unknown", &["export", "--format", "word"]),
        ("shell-unknown", &["completions", "tcl"]),
        ("certificate-missing", &["replay", "absent.json"]),
        ("certificate-of-another-kind", &["replay", "claim.toml"]),
    ] {
        texts.add(name, call(DESCENT, arguments));
    }
    texts.add("trace-of-a-random-run", call(NOISY, &["trace", "claim.toml", "--exact"]));
    let binary: Vec<u8> = (0..=255).collect();
    texts.add("claim-file-no-text", Desk::new().file("claim.toml", binary).call(&["check", "claim.toml"]).told);
    let record = Desk::new().file("results/test/descent.json", "{\"schema_version\": 1").call(&["report"]);
    texts.add("record-damaged", record.told);
    let damaged = with(&certificate(), "\"left\"", "\"lefd\"");
    texts.add("certificate-without-a-key", Desk::new().file("c.json", damaged).call(&["replay", "c.json"]).told);
    let damaged = with(&certificate(), "test/descent", "test/decent");
    texts.add("certificate-damaged", Desk::new().file("c.json", damaged).call(&["replay", "c.json"]).told);
    texts.hold("errors");
}

/// A false bound, with nothing but its step to vary.
fn broken() -> String {
    with(DESCENT, "\"L*R^2/(2*T)\"", "\"L*R^2/(40*T)\"")
}

/// A certificate that a search found.
fn certificate() -> String {
    let search = ["falsify", "claim.toml", "--evaluations", "100", "--seed", "1", "--threads", "1", "--out", "c.json"];
    Desk::with(&broken()).call(&search).read("c.json")
}

/// A certificate that is altered and has the digest of the altered text.
fn resealed(text: &str) -> String {
    let mut certificate: Value = serde_json::from_str(text).expect("JSON");
    certificate["left"]["exact"] = "1000/1".into();
    certificate.as_object_mut().expect("an object").remove("digest");
    let digest = Sha256::digest(certificate.to_string().as_bytes());
    certificate["digest"] = digest.iter().map(|b| format!("{b:02x}")).collect::<String>().into();
    certificate.to_string()
}

#[test]
fn output_is_as_filed() {
    let mut texts = Texts::default();
    let edge = with(NOISY, "right = \"1/2\"", "right = 0");
    let far = with(&with(NOISY, "step_size = 1", "step_size = \"10^300*10^k\""), "horizon = 1\n", "horizon = 40\n");
    let outside = with(DESCENT, "hypotheses = [", "requires = [\"T < 0\"]\nhypotheses = [");
    let unfit = with(DESCENT, "\"convex\"", "\"bounded-gradient\"");
    let verify = ["verify", "claim.toml"];
    for (name, text) in [
        ("verify-holds", DESCENT.to_string()),
        ("verify-holds-by-a-sample", NOISY.into()),
        ("verify-violated", with(DESCENT, "\"L*R^2/(2*T)\"", "\"L*R^2/(2000*T^2)\"")),
        ("verify-undecided", edge),
        ("verify-diverged", with(&far, "last(x1)", "last(f)")),
        ("verify-hypothesis-fails", outside),
        ("verify-hypothesis-fails-with-witness", unfit),
        ("verify-vacuous", with(DESCENT, "relation =", "trivial = \"1/100\"\nrelation =")),
        ("verify-units-inconsistent", with(DESCENT, "\"L*R^2/(2*T)\"", "\"L*R^2/(2*T) + R\"")),
        ("verify-control-not-caught", with(DESCENT, "(2000*T^2)", "(2*T)")),
        ("verify-default-stands-in", changed_part()),
    ] {
        texts.add(name, call(&text, &verify));
    }
    texts.add("verify-over-budget", call(NOISY, &["verify", "claim.toml", "--memory", "1K"]));
    texts.add("verify-several", call("", &["verify", "li2021/example-1"]));
    texts.add("verify-assume", call(NOISY, &["verify", "claim.toml", "--assume", "odd-workers"]));
    let redone = Desk::with(DESCENT).silently(&["reproduce", "claim.toml"]);
    let record = redone.read("results/test/descent.json");
    let redone = redone.call(&["verify", "--from", "results/test/descent.json"]);
    let edited = redone.file("edited.json", with(&record, "25/8", "27/8")).call(&["verify", "--from", "edited.json"]);
    texts.add("verify-from", edited.told);

    texts.add("list", call("", &["list", "karimireddy2019/counterexample"]));
    texts.add("check", call(DESCENT, &["check", "claim.toml"]));
    texts.add("check-default-stands-in", call(&changed_part(), &["check", "claim.toml"]));
    texts.add("show", call(DESCENT, &["show", "claim.toml"]));
    texts.add("show-a-quantity", call("", &["show", "bernstein2018/density"]));
    let shown = Desk::with(DESCENT).silently(&["reproduce", "claim.toml"]).silently(&["show", "claim.toml"]);
    let shown = shown.file("results/kept", "").call(&["reproduce", "claim.toml", "--dry-run"]);
    texts.add("reproduce", shown.call(&["reproduce", "claim.toml"]).told);
    texts.add("trace", call(DESCENT, &["trace", "claim.toml", "--steps", "3"]));
    texts.add("trace-exact", call(DESCENT, &["trace", "claim.toml", "--steps", "3", "--exact"]));
    texts.add("new", call("", &["new", "my-paper/theorem-1"]));

    let replay = Desk::new().file("c.json", certificate()).file("resealed.json", resealed(&certificate()));
    texts.add("replay", replay.call(&["replay", "c.json"]).call(&["replay", "resealed.json"]).told);

    let search = ["falsify", "claim.toml", "--evaluations", "300", "--seed", "1", "--threads", "1"];
    let none = with(DESCENT, "hypotheses = [", "requires = [\"L < 1\", \"L > 2\"]\nhypotheses = [");
    texts.add("falsify-violated", call(&broken(), &search));
    texts.add("falsify-none-found", call(DESCENT, &search));
    texts.add("falsify-nothing-to-weigh", call(&none, &search));

    let file = |desk: Desk, text: &str| desk.file("claim.toml", text);
    let regress = ["regress", "claim.toml", "--baseline", "b.json"];
    let update = [&regress[..], &["--update"]].concat();
    let both = Desk::with(NOISY).call(&update).call(&regress);
    let moved = file(both, &with(NOISY, "right = \"1/2\"", "right = \"3/5\"")).call(&regress).call(&update);
    texts.add("regress", moved.told);
    texts.hold("output");
}

/// A control that names another law, so that a default stands in for a number that goes with the old one.
fn changed_part() -> String {
    let text = with(NOISY, "scale = 1", "scale = 2");
    with(&text, "change = { right", "change = { oracle = { noise = \"laplace\" }, right")
}
