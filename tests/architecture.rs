//! Holds the arrows between the rooms of the library, and three habits that keep results the same on every machine.
//!
//! The checks read source text, so they see what is written and nothing else; each is itself tested on a planted
//! violation below.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Every room with the rooms that it may use. A room that is missing here fails the test: give it its place.
const ROOMS: &[(&str, &[&str])] = &[
    ("mutants", &[]),
    ("scalar", &[]),
    ("rng", &["scalar"]),
    ("expr", &["scalar"]),
    ("stats", &["scalar"]),
    ("closed", &["scalar", "stats"]),
    ("data", &["scalar", "rng", "expr", "stats"]),
    ("model", &["scalar", "rng", "expr", "stats", "closed", "data"]),
    ("results", &[]),
    ("claim", &["scalar", "rng", "expr", "stats", "data", "model", "results"]),
    ("engine", &["scalar", "rng", "expr", "stats", "data", "model", "claim"]),
    ("evidence", &["scalar", "expr", "stats", "model", "claim", "engine"]),
    ("verdict", &["scalar", "expr", "stats", "model", "results", "claim", "engine", "evidence"]),
    ("charts", &["scalar", "stats", "model", "results", "claim", "engine", "evidence"]),
    ("figure", &["results"]),
    ("report", &["results"]),
    ("regress", &["scalar", "stats", "results"]),
    (
        "run",
        &[
            "scalar", "rng", "expr", "stats", "data", "model", "results", "claim", "engine", "evidence", "verdict",
            "charts", "regress",
        ],
    ),
    ("search", &["scalar", "rng", "expr", "model", "results", "claim", "engine", "evidence", "verdict", "run"]),
];

/// Rooms whose numbers end in results.
const COMPUTING: &[&str] =
    &["scalar", "rng", "expr", "stats", "closed", "data", "model", "engine", "evidence", "verdict", "regress"];

/// Functions of the standard library whose last bits differ between platforms, or that fuse two roundings.
const FOREIGN: &[&str] = &[
    "ln", "ln_1p", "log", "log2", "log10", "exp", "exp2", "exp_m1", "powf", "powi", "cbrt", "hypot", "sin", "cos",
    "tan", "sin_cos", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "mul_add",
];

/// Lines whose receiver is a scalar of this crate and not a double: (file, text of the line, why).
const OWN_FUNCTIONS: &[(&str, &str, &str)] = &[
    ("expr/eval.rs", "Builtin::Ln => first.ln(),", "generic over the scalar"),
    ("expr/eval.rs", "Builtin::Exp => first.exp(),", "generic over the scalar"),
    ("scalar/enclosure/functions.rs", "down().ln(&a, Some", "correctly rounded floats"),
    ("scalar/enclosure/functions.rs", "down().exp(&a, Some", "correctly rounded floats"),
    ("scalar/enclosure/functions.rs", "exponent.times(&self.ln()?).exp()", "enclosures"),
    ("stats/arithmetic.rs", "a.powi(2)", "intervals"),
    ("stats/arithmetic.rs", "(*exponent * Scalar::ln(self)?).exp()", "intervals"),
    ("stats/arithmetic.rs", "self.powi(y as i32)", "intervals"),
    ("stats/arithmetic.rs", "self.powf(y)", "intervals"),
];

/// Most lines of a file before its tests.
const MOST_LINES: usize = 500;
/// Files that are to be split, with the length that they may have until then.
const TO_SPLIT: &[(&str, usize)] = &[];

/// A source file of the library without its tests and comments.
struct Source {
    /// Path below `src/`, with `/`.
    file: String,
    /// Lines before the tests, comments blanked.
    lines: Vec<String>,
    /// Whether the whole file is compiled for tests only.
    test_only: bool,
}

impl Source {
    fn new(file: &str, text: &str) -> Self {
        let mut lines = Vec::new();
        let mut before_mod = false;
        for line in text.lines() {
            let trimmed = line.trim();
            if before_mod && trimmed.starts_with("mod ") && trimmed.ends_with('{') {
                lines.pop();
                break;
            }
            before_mod = trimmed == "#[cfg(test)]";
            lines.push(without_comment(line).to_string());
        }
        Source { file: file.into(), lines, test_only: false }
    }

    /// The room, or the file's own name at the top.
    fn room(&self) -> &str {
        self.file.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// Number of names in the module's path: `claim/mod.rs` is 1, `claim/load.rs` is 2.
    fn depth(&self) -> usize {
        let path = self.file.trim_end_matches(".rs");
        path.trim_end_matches("/mod").split('/').count()
    }

    /// Rooms that the file names by `crate::` or by climbing out with `super::`, each with its line.
    fn uses(&self) -> Vec<(usize, String)> {
        let text = self.lines.join("\n");
        let root = "super::".repeat(self.depth());
        let mut found = Vec::new();
        for prefix in ["crate::", root.as_str()] {
            for (at, _) in text.match_indices(prefix) {
                let before = text[..at].chars().next_back();
                if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                    continue;
                }
                let line = text[..at].matches('\n').count() + 1;
                let rest = &text[at + prefix.len()..];
                if rest.starts_with("super::") {
                    continue;
                }
                found.extend(first_names(rest).into_iter().map(|name| (line, name)));
            }
        }
        found
    }
}

/// `a line // with a comment` without the comment; texts with `//` in quotes are kept.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let bytes = line.as_bytes();
    for (i, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' if i == 0 || !matches!(bytes[i - 1], b'\\' | b'\'') => quoted = !quoted,
            b'/' if !quoted && bytes.get(i + 1) == Some(&b'/') => return &line[..i],
            _ => {}
        }
    }
    line
}

/// The first names of a path that follows `crate::`: one, or those of a group in braces.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let (mut names, mut depth, mut begun) = (Vec::new(), 0, 0);
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(name(&group[begun..i]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(name(&group[begun..i]));
                begun = i + 1;
            }
            _ => {}
        }
    }
    names.retain(|n| !n.is_empty());
    names
}

/// Arrows that point the wrong way.
fn wrong_arrows(source: &Source) -> Vec<String> {
    let room = source.room();
    if ["lib", "main", "cli"].contains(&room) {
        return Vec::new();
    }
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("src/{}: the room '{room}' has no place in ROOMS of tests/architecture.rs", source.file)];
    };
    let is_room = |name: &str| ROOMS.iter().any(|(room, _)| *room == name) || name == "cli";
    let mut wrong = Vec::new();
    for (line, used) in source.uses() {
        if used != room && is_room(&used) && !allowed.contains(&used.as_str()) {
            let may = if allowed.is_empty() { "no other room".to_string() } else { allowed.join(", ") };
            wrong.push(format!("src/{}:{line}: '{room}' uses '{used}'; it may use {may}", source.file));
        }
    }
    wrong
}

/// Calls of platform functions on doubles. A call followed by `?` is one of this crate's scalars.
fn foreign_calls(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (i, line) in source.lines.iter().enumerate() {
        for name in FOREIGN {
            let method = format!(".{name}(");
            let called = line.match_indices(&method).any(|(at, _)| !is_fallible(&line[at + method.len()..]));
            let path = [format!("f64::{name}"), format!("f32::{name}")].iter().any(|p| {
                line.match_indices(p.as_str())
                    .any(|(at, _)| !line[at + p.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
            });
            let own = OWN_FUNCTIONS.iter().any(|(f, text, _)| *f == source.file && line.contains(text));
            if (called || path) && !own {
                found.push((
                    i + 1,
                    format!("src/{}:{}: `{name}` of the standard library: {}", source.file, i + 1, line.trim()),
                ));
            }
        }
    }
    found
}

/// Whether the call whose arguments begin here ends in `)?`.
fn is_fallible(arguments: &str) -> bool {
    let mut depth = 0;
    for (i, c) in arguments.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return arguments[i + 1..].starts_with('?'),
            ')' => depth -= 1,
            _ => {}
        }
    }
    false
}

fn names_unsafe(source: &Source) -> Vec<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (i, line) in source.lines.iter().enumerate() {
        if line.split(|c| !is_word(c)).any(|word| word == "unsafe") {
            found.push(format!("src/{}:{}: {}", source.file, i + 1, line.trim()));
        }
    }
    found
}

fn too_long(source: &Source) -> Option<String> {
    let most = TO_SPLIT.iter().find(|(f, _)| *f == source.file).map_or(MOST_LINES, |(_, n)| *n);
    let length = source.lines.len();
    (length > most)
        .then(|| format!("src/{} has {length} lines before its tests; at most {most}: split it", source.file))
}

fn library() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    assert!(paths.len() > 100, "found only {} source files below {}", paths.len(), root.display());
    let mut sources = Vec::new();
    let mut test_modules = BTreeSet::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a readable source file");
        let file = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
        test_modules.extend(test_files(&file, &text));
        sources.push(Source::new(&file, &text));
    }
    for source in &mut sources {
        let module = source.file.trim_end_matches(".rs").trim_end_matches("/mod");
        source.test_only = test_modules.iter().any(|t| module == t || module.starts_with(&format!("{t}/")));
    }
    sources
}

/// Modules in files of their own that `#[cfg(test)] mod name;` declares, as paths without `.rs`.
fn test_files(file: &str, text: &str) -> Vec<String> {
    let stem = file.trim_end_matches(".rs");
    let folder = stem.strip_suffix("/mod").unwrap_or(stem);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines
        .windows(2)
        .filter(|pair| pair[0] == "#[cfg(test)]")
        .filter_map(|pair| Some(format!("{folder}/{}", pair[1].strip_prefix("mod ")?.strip_suffix(';')?)))
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|e| e == "rs") {
            paths.push(path);
        }
    }
}

fn report(title: &str, found: &[String]) {
    assert!(found.is_empty(), "{title}\n  {}\n", found.join("\n  "));
}

/// Files that may use each other: `Rational` and the numbers above it implement one trait of their room.
const MAY_CIRCLE: &[&str] = &["scalar/rational.rs", "scalar/computable.rs", "scalar/surd.rs"];

/// The paths that a `use` tree names: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_string()];
    };
    let inner = rest.trim_end().trim_end_matches('}');
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = inner[start..at].trim();
                if !part.is_empty() {
                    found.extend(paths(part).into_iter().map(|path| format!("{head}{path}")));
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// The `use` items of a file, each as its paths, and whether they are exported.
fn uses(source: &Source) -> Vec<(bool, Vec<String>)> {
    let text = source.lines.join(" ");
    text.split(';')
        .filter_map(|item| {
            let (before, tree) = item.rsplit_once("use ")?;
            let words = before.split_whitespace().next_back().unwrap_or_default();
            Some((words.starts_with("pub"), paths(tree)))
        })
        .collect()
}

/// Files of one room each of which needs the other, as `use` items say: a name that a folder's `mod.rs` passes on is one of the file
/// that has it.
fn circles(sources: &[Source]) -> Vec<String> {
    let module = |file: &str| file.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
    let files: BTreeMap<String, &str> = sources.iter().map(|s| (module(&s.file), s.file.as_str())).collect();
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    for source in sources.iter().filter(|s| s.file.ends_with("/mod.rs")) {
        for (_, paths) in uses(source).iter().filter(|(exported, _)| *exported) {
            for path in paths {
                let (child, name) = (path.split("::").next().unwrap_or_default(), path.rsplit("::").next());
                let folder = module(&source.file);
                if let (Some(file), Some(name)) = (files.get(&format!("{folder}::{child}")), name) {
                    names.insert(format!("{folder}::{name}"), file);
                }
            }
        }
    }
    let target = |path: &str| {
        let mut path = path;
        loop {
            if let Some(file) = names.get(path).or_else(|| files.get(path)) {
                return Some(*file);
            }
            path = path.rsplit_once("::")?.0;
        }
    };
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in sources.iter().filter(|s| !s.file.ends_with("mod.rs")) {
        for path in uses(source).into_iter().flat_map(|(_, paths)| paths) {
            let path = if let Some(path) = path.strip_prefix("crate::") {
                path.to_string()
            } else {
                let (mut at, mut rest) = (module(&source.file), path.as_str());
                if !rest.starts_with("super::") {
                    continue;
                }
                while let Some(next) = rest.strip_prefix("super::") {
                    at = at.rsplit_once("::").map(|(folder, _)| folder.to_string()).unwrap_or_default();
                    rest = next;
                }
                format!("{at}::{rest}")
            };
            let used = target(&path).filter(|file| *file != source.file && !file.ends_with("mod.rs"));
            needs.entry(&source.file).or_default().extend(used);
        }
    }
    let reaches = |from: &str, to: &str| {
        let (mut open, mut seen) = (vec![from], BTreeSet::new());
        while let Some(file) = open.pop() {
            for next in needs.get(file).into_iter().flatten().filter(|next| seen.insert(**next)) {
                open.push(next);
            }
        }
        seen.contains(to)
    };
    let circles = needs.iter().flat_map(|(file, used)| used.iter().map(move |used| (*file, *used)));
    circles
        .filter(|(file, used)| !(MAY_CIRCLE.contains(file) && MAY_CIRCLE.contains(used)) && reaches(used, file))
        .map(|(file, used)| format!("src/{file} uses src/{used}, which needs it"))
        .collect()
}

#[test]
fn files_do_not_stand_in_circles() {
    let sources: Vec<Source> = library().into_iter().filter(|s| !s.test_only).collect();
    report("files that need each other:", &circles(&sources));
}

#[test]
fn every_room_uses_only_what_stands_left_of_it() {
    let wrong: Vec<String> = library().iter().filter(|s| !s.test_only).flat_map(wrong_arrows).collect();
    report("arrows that point the wrong way:", &wrong);
}

#[test]
fn the_order_of_rooms_has_no_cycle() {
    // Each room stands after all rooms that it uses.
    for (i, (room, allowed)) in ROOMS.iter().enumerate() {
        for used in *allowed {
            assert!(
                ROOMS[..i].iter().any(|(r, _)| r == used),
                "'{room}' may use '{used}', which does not stand before it"
            );
        }
    }
}

#[test]
fn nothing_is_unsafe() {
    let found: Vec<String> = library().iter().flat_map(names_unsafe).collect();
    report("`unsafe` has no place in this crate:", &found);
}

#[test]
fn files_stay_short() {
    let found: Vec<String> = library().iter().filter(|s| !s.test_only).filter_map(too_long).collect();
    report("long files:", &found);
}

#[test]
fn numbers_do_not_depend_on_the_platforms_mathematical_library() {
    let sources = library();
    let computing = sources.iter().filter(|s| !s.test_only && COMPUTING.contains(&s.room()));
    let found: Vec<String> = computing.flat_map(foreign_calls).map(|(_, message)| message).collect();
    report("use libm or the functions of scalar/elementary.rs, which give the same bits everywhere:", &found);
    for (file, text, _) in OWN_FUNCTIONS {
        let source = sources.iter().find(|s| s.file == *file).unwrap_or_else(|| panic!("no src/{file}"));
        assert!(source.lines.iter().any(|l| l.contains(text)), "OWN_FUNCTIONS: src/{file} has no `{text}` any more");
    }
}

#[test]
fn planted_violations_are_noticed() {
    let wrong = |file: &str, text: &str| wrong_arrows(&Source::new(file, text)).len();
    assert_eq!(wrong("model/noise/x.rs", "use crate::scalar::Lane;\nuse crate::claim::Spec;\n"), 1);
    assert_eq!(wrong("model/x.rs", "fn f() -> crate::engine::RunError {}"), 1);
    assert_eq!(
        wrong("figure/x.rs", "use crate::{\n    results::Picture,\n    run::{decide, State},\n    claim,\n};"),
        2
    );
    assert_eq!(wrong("claim/mod.rs", "use super::engine::run;"), 1);
    assert_eq!(wrong("claim/load.rs", "use super::super::engine::run;\nuse super::tree;"), 1);
    // A circle over a name that the folder passes on; without the way back it is none.
    let file = |name: &str, text: &str| Source::new(name, text);
    let folder = || file("run/mod.rs", "mod a;\nmod b;\npub use a::{A, Other};\n");
    let a = || file("run/a.rs", "use super::b::B;\npub struct A;\n");
    let b = file("run/b.rs", "use crate::{\n    run::A,\n    model::Real,\n};\npub struct B;\n");
    assert_eq!(circles(&[folder(), a(), b]).len(), 2);
    assert_eq!(circles(&[folder(), a(), file("run/b.rs", "pub struct B;\n")]), Vec::<String>::new());
    assert_eq!(wrong("attic/mod.rs", ""), 1, "a room without a place");
    // Comments, doc links and tests are no arrows.
    assert_eq!(
        wrong("rng/x.rs", "//! [`crate::claim::Spec`]\n// use crate::claim;\n/// crate::engine\nfn f() {}\n"),
        0
    );
    assert_eq!(wrong("rng/x.rs", "#[cfg(test)]\nmod tests {\n    use crate::claim::Spec;\n}\n"), 0);
    assert_eq!(test_files("rng/mod.rs", "mod key;\n#[cfg(test)]\nmod law_tests;\n"), ["rng/law_tests"]);

    let foreign = |text: &str| foreign_calls(&Source::new("engine/x.rs", text)).len();
    assert_eq!(foreign("let y = x.ln();"), 1);
    assert_eq!(foreign("let y = (x * x).powf(0.5) + z.powi(2);"), 2);
    assert_eq!(foreign("xs.iter().map(|v| v.exp()).map(f64::sin)"), 2);
    assert_eq!(foreign("let y = x.exp()? + (a + f(b)).ln()?; libm::exp(x); x.expect(1); f64::EPSILON"), 0);
    assert_eq!(foreign("let y = 1.0; // x.ln()"), 0);

    assert_eq!(names_unsafe(&Source::new("x.rs", "let v = unsafe { f() };")).len(), 1);
    assert_eq!(names_unsafe(&Source::new("x.rs", "#![forbid(unsafe_code)] // unsafe")).len(), 0);
    assert!(too_long(&Source::new("x.rs", &"\n".repeat(MOST_LINES + 1))).is_some());
    let tests = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "\n".repeat(MOST_LINES));
    assert!(too_long(&Source::new("x.rs", &tests)).is_none());
}
