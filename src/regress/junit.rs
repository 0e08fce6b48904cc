//! A comparison as JUnit XML: one suite per claim, one case per entry. What moved is a failure, what is undecided an
//! error.

use super::{Comparison, Status, Value};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;

/// The report's text.
///
/// # Errors
/// The XML writer's own.
pub(crate) fn junit(found: &Comparison) -> Result<String, quick_junit::SerializeError> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for change in &found.changes {
        let status = match change.status {
            Status::Same => TestCaseStatus::success(),
            Status::Moved | Status::New | Status::Gone => TestCaseStatus::non_success(NonSuccessKind::Failure),
            Status::Undecided => TestCaseStatus::non_success(NonSuccessKind::Error),
        };
        let mut case = TestCase::new(change.name(), status);
        case.set_classname(change.claim.as_str());
        if change.status != Status::Same {
            let value_text = |v: &Option<Value>| v.as_ref().map_or_else(|| "none".into(), Value::text);
            case.status.set_message(format!("{}: {}", change.name(), change.reason));
            case.status.set_type(format!("{:?}", change.status).to_lowercase());
            case.status.set_description(format!(
                "before: {}\nnow: {}",
                value_text(&change.old),
                value_text(&change.new)
            ));
        }
        suites.entry(&change.claim).or_insert_with(|| TestSuite::new(change.claim.as_str())).add_test_case(case);
    }
    let mut report = Report::new("signcheck regress");
    report.add_test_suites(suites.into_values());
    report.to_string()
}

#[cfg(test)]
mod tests {
    use super::super::{Baseline, ClaimEntries, Entry, compare};
    use super::*;

    #[test]
    fn another_parser_reads_it() {
        let run = |n: u64, text: &str| {
            let word = Value::Word { text: text.into(), sampled: true };
            let entry = |quantity: &str, value| Entry { quantity: quantity.into(), cell: "a<b & \"c\"".into(), value };
            let entries = vec![entry("bits", Value::count(n)), entry("calls", Value::count(7)), entry("outcome", word)];
            BTreeMap::from([("p/c".to_string(), ClaimEntries::new("hash", 1, entries))])
        };
        let old = Baseline { profile: "quick".into(), claims: run(512, "holds") };
        let mut new = run(513, "holds");
        let claim = new.get_mut("p/c").unwrap();
        claim.entries.insert(("slope\u{1}".into(), String::new()), Value::count(1));
        let text = junit(&compare(&old, &new, 1e-7, true)).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let root = document.root_element();
        assert_eq!((root.attribute("tests"), root.attribute("failures")), (Some("4"), Some("2")));
        let cases: Vec<_> = document.descendants().filter(|n| n.has_tag_name("testcase")).collect();
        assert_eq!(cases[0].attribute("name"), Some("bits at a<b & \"c\""));
        let failure = cases[0].first_element_child().unwrap();
        assert_eq!((failure.tag_name().name(), failure.attribute("type")), ("failure", Some("moved")));
        assert!(failure.text().unwrap().contains("now: 513"));
        assert!(cases[1].first_element_child().is_none());
        // An outcome that a sample no longer supports is an error, not a failure.
        let text = junit(&compare(&old, &run(512, "undecided"), 1e-7, true)).unwrap();
        assert_eq!(roxmltree::Document::parse(&text).unwrap().root_element().attribute("errors"), Some("1"));
    }
}
