//! Errors in a claim file, each with the place where it stands.

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use std::fmt;
use std::ops::Range;

/// One error, or one warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the file is read all the same.
    pub warning: bool,
    /// Bytes of the text that it is about; `0..0` where it is about the whole file, or about the command line.
    pub span: Range<usize>,
    /// What was found and what is accepted.
    pub message: String,
    /// "did you mean", or another remedy.
    pub help: Option<String>,
    /// Another place that it is about, and what stands there.
    pub also: Option<(Range<usize>, String)>,
}

impl Diagnostic {
    /// An error without a remedy beyond its message.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Diagnostic { warning: false, span, message: message.into(), help: None, also: None }
    }

    /// Adds another place that the error is about.
    #[must_use]
    pub fn also(mut self, span: Range<usize>, what: impl Into<String>) -> Self {
        self.also = Some((span, what.into()));
        self
    }

    /// Something that a reader of the file may not expect, without a remedy beyond its message.
    pub fn warning(span: Range<usize>, message: impl Into<String>) -> Self {
        Diagnostic { warning: true, ..Self::new(span, message) }
    }

    /// Adds a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds "did you mean 'x'?" where there is a near name, or the accepted names.
    #[must_use]
    pub fn did_you_mean<'a>(self, found: &str, accepted: impl Iterator<Item = &'a str> + Clone) -> Self {
        match crate::model::nearest(found, accepted.clone()) {
            Some(near) => self.help(format!("did you mean '{near}'?")),
            None => {
                let names: Vec<&str> = accepted.take(40).collect();
                if names.is_empty() { self } else { self.help(format!("accepted: {}", names.join(", "))) }
            }
        }
    }
}

/// All errors of one file.
#[derive(Debug, Clone)]
pub struct SpecError {
    /// The file's name, as given.
    pub file: String,
    /// Its text.
    pub text: String,
    /// The errors, and warnings where there are some, in order of their places.
    pub diagnostics: Vec<Diagnostic>,
}

impl SpecError {
    /// Sorts the errors by place and drops repetitions (a base error shows again under every change).
    #[must_use]
    pub fn new(file: &str, text: &str, mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by_key(|d| (d.span.start, d.span.end, d.message.clone()));
        diagnostics.dedup();
        SpecError { file: file.into(), text: text.into(), diagnostics }
    }

    /// Line and column, from 1, of a byte.
    #[must_use]
    pub fn line_column(&self, byte: usize) -> (usize, usize) {
        let before = &self.text.as_bytes()[..byte.min(self.text.len())];
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        (line, column)
    }

    /// The errors with their source lines underlined.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let reports: Vec<String> = self
            .diagnostics
            .iter()
            .map(|d| {
                let within = |span: &Range<usize>| {
                    let end = span.end.clamp(span.start, self.text.len());
                    span.start.min(end)..end
                };
                let primary = AnnotationKind::Primary.span(within(&d.span));
                let snippet = Snippet::source(&self.text).path(&self.file).annotation(primary);
                let snippet = match &d.also {
                    Some((span, what)) => {
                        snippet.annotation(AnnotationKind::Context.span(within(span)).label(what.as_str()))
                    }
                    None => snippet,
                };
                let level = if d.warning { Level::WARNING } else { Level::ERROR };
                let title = level.primary_title(&d.message);
                // The first line is not at fault for what the whole file lacks.
                let group = match d.span {
                    Range { start: 0, end: 0 } => title.element(Origin::path(&self.file)),
                    _ => title.element(snippet),
                };
                let group = match &d.help {
                    Some(help) => group.element(Level::HELP.message(help.as_str())),
                    None => group,
                };
                renderer.render(&[group]).clone()
            })
            .collect();
        reports.join("\n\n")
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for SpecError {}
