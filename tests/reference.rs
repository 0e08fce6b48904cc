//! The field reference in `docs/` is what the program prints.

mod common;

use std::path::Path;

#[test]
fn the_field_reference_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let call = common::run(root, &["schema", "--reference"]);
    assert_eq!(call.code, Some(0), "{call}");
    let committed = std::fs::read_to_string(root.join("docs/claim-file.md")).unwrap_or_default().replace("\r\n", "\n");
    let differs = call.stdout.lines().zip(committed.lines().chain(std::iter::repeat(""))).find(|(a, b)| a != b);
    assert!(
        call.stdout == committed,
        "docs/claim-file.md is out of date (first difference: {differs:?}); write it again with\n  \
         cargo run --release -- schema --reference > docs/claim-file.md"
    );
    // The page is of use only where it has something to say.
    for heading in ["# Claim files, format 1", "## Problems", "## Algorithms", "## Facts", "## Hypotheses"] {
        assert!(committed.contains(heading), "no {heading:?}");
    }
    let means = |line: &str| line.split(" | ").nth(1).is_some_and(|cell| !cell.trim_matches([' ', '|']).is_empty());
    let unfinished = committed.lines().find(|l| l.starts_with("| `") && !means(l));
    assert_eq!(unfinished, None, "an entry without a meaning");
}
