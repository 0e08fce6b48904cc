//! The claim files that come with the program, and those of the user.

use include_dir::{Dir, include_dir};
use std::io::Read;
use std::path::Path;

static EXPERIMENTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/experiments");

/// Prefix of the file names of embedded claims in messages.
pub const EMBEDDED: &str = "experiments/";

/// A claim file's text with the name under which messages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimText {
    /// `experiments/<paper>/<claim>.toml`, the user's path, or `standard input`.
    pub file: String,
    /// The text.
    pub text: String,
}

/// A claim that was requested and does not exist.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// No claim and no file of that name.
    #[error("no claim matches '{wanted}'; {}", hint.as_ref().map_or("`signcheck list` shows all".into(), |h| format!("did you mean '{h}'?")))]
    Unknown {
        /// What was requested.
        wanted: String,
        /// The nearest id.
        hint: Option<String>,
    },
    /// A file that cannot be read.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The embedded claim files.
pub struct Catalog;

impl Catalog {
    /// All embedded claim files, sorted by id.
    #[must_use]
    pub fn all() -> Vec<ClaimText> {
        let mut files: Vec<ClaimText> = EXPERIMENTS
            .dirs()
            .flat_map(Dir::files)
            .filter(|f| f.path().extension().is_some_and(|e| e == "toml"))
            .filter_map(|f| {
                let file = format!("{EMBEDDED}{}", f.path().to_string_lossy().replace('\\', "/"));
                Some(ClaimText { file, text: f.contents_utf8()?.to_string() })
            })
            .collect();
        files.sort_by(|a, b| id_of(&a.file).cmp(id_of(&b.file)));
        files
    }

    /// Whether this is the text of an embedded claim file.
    #[must_use]
    pub fn holds(text: &str) -> bool {
        EXPERIMENTS.dirs().flat_map(Dir::files).any(|f| f.contents() == text.as_bytes())
    }

    /// The embedded claims that a filter names: an id, a glob (`karimireddy2019/*`), or a place (`li2021 figure 1`).
    ///
    /// # Errors
    /// Nothing matches.
    pub fn matching(filter: &str) -> Result<Vec<ClaimText>, CatalogError> {
        let all = Self::all();
        let found: Vec<ClaimText> = all.iter().filter(|c| matches(filter, c)).cloned().collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let ids: Vec<String> = all.iter().map(|c| id_of(&c.file).to_string()).collect();
        let hint = crate::model::nearest(filter, ids.iter().map(String::as_str)).map(Into::into);
        Err(CatalogError::Unknown { wanted: filter.into(), hint })
    }

    /// The claims that an argument names: embedded ones, a file, or `-` for standard input.
    ///
    /// # Errors
    /// Nothing matches, or the file cannot be read.
    pub fn resolve(argument: &str) -> Result<Vec<ClaimText>, CatalogError> {
        let io = |file: &str| {
            let file = file.to_string();
            move |source| CatalogError::Io { file, source }
        };
        if argument == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(io("standard input"))?;
            return Ok(vec![ClaimText { file: "standard input".into(), text }]);
        }
        let looks_like_file =
            Path::new(argument).extension().is_some_and(|e| e == "toml") || Path::new(argument).is_file();
        if looks_like_file {
            let text = std::fs::read_to_string(argument).map_err(io(argument))?;
            return Ok(vec![ClaimText { file: argument.into(), text }]);
        }
        Self::matching(argument)
    }
}

/// The id that an embedded file's name gives.
fn id_of(file: &str) -> &str {
    file.strip_prefix(EMBEDDED).unwrap_or(file).trim_end_matches(".toml")
}

fn matches(filter: &str, claim: &ClaimText) -> bool {
    let id = id_of(&claim.file);
    if filter == id || glob(filter.as_bytes(), id.as_bytes()) {
        return true;
    }
    // A place: the paper's key and the place's words, in any case.
    let field = |key: &str| {
        let line = claim.text.lines().find(|l| l.trim_start().starts_with("source"))?;
        let value = line.split_once(&format!("{key} ="))?.1.split('"').nth(1)?;
        Some(value.to_lowercase())
    };
    match (field("paper"), field("place")) {
        (Some(paper), Some(place)) => {
            let wanted = filter.to_lowercase();
            let here = format!("{paper} {place}");
            wanted == here
                || (here.starts_with(&wanted) && !here[wanted.len()..].starts_with(|c: char| c.is_alphanumeric()))
        }
        _ => false,
    }
}

/// `*` matches any run of characters, `?` one.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if p < pattern.len() && (pattern[p] == b'?' || pattern[p] == text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, t));
            p += 1;
        } else if let Some((sp, st)) = star {
            (p, t) = (sp + 1, st + 1);
            star = Some((sp, st + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_ids() {
        for (pattern, text, expected) in [
            ("li2021/*", "li2021/theorem-1", true),
            ("*/theorem-?", "li2021/theorem-1", true),
            ("li2021/theorem", "li2021/theorem-1", false),
            ("*", "", true),
            ("*a*b", "xaxxb", true),
            ("*a*b", "xaxxbc", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
