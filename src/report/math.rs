//! Statements as MathML.

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

/// Converts statements; what it cannot read is left to be shown as written.
pub(super) struct Converter(Option<LatexToMathML>);

impl Converter {
    pub(super) fn new() -> Converter {
        Converter(LatexToMathML::new(MathCoreConfig::default()).ok())
    }

    /// The statement as markup, or nothing where it is not the LaTeX that the converter knows.
    pub(super) fn block(&self, latex: &str) -> Option<String> {
        if latex.trim().is_empty() {
            return None;
        }
        let converted = self.0.as_ref()?.convert_with_local_state(latex.trim(), MathDisplay::Block).ok()?;
        Some(converted.mathml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_become_markup_and_errors_nothing() {
        let converter = Converter::new();
        let statement = r"\frac1K\sum_{k<K} \mathbb{E}\|g_k\|_1 \le \frac{1}{\sqrt K}\Big[\sqrt{\|L\|_1}\,(f_0-f_*+\tfrac12) + 2\|\sigma\|_1\Big]";
        assert!(converter.block(statement).is_some_and(|m| m.starts_with("<math") && m.contains("<mfrac>")));
        for broken in ["", "  ", r"\frac{1", r"\nosuchcommand x", "}", r"\left( x"] {
            assert_eq!(converter.block(broken), None, "{broken}");
        }
    }

    #[test]
    fn markup_in_a_statement_stays_text() {
        let converter = Converter::new();
        for sly in [r"\text{<script>alert(1)</script>}", "<script>", r"\mathrm{<b>}", r"x & <i>"] {
            let shown = converter.block(sly).unwrap_or_default();
            assert!(!shown.contains("<script") && !shown.contains("<b>") && !shown.contains("<i>"), "{shown}");
        }
    }
}
