//! The tutorial does what it says: its file is written as printed, its commands are run, and their output is compared.

mod common;

use common::run;
use std::path::Path;

/// The text between the fences of every block of the given language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let open = format!("```{language}\n");
    text.split(&open).skip(1).filter_map(|rest| rest.split_once("```").map(|(block, _)| block)).collect()
}

/// Without the blanks that tables leave at the ends of lines.
fn trimmed(text: &str) -> String {
    text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_tutorial_works_as_written() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tutorial.md");
    let page = std::fs::read_to_string(page).expect("the tutorial");
    let folder = tempfile::tempdir().expect("a folder");
    let [file] = blocks(&page, "toml")[..] else { panic!("one claim file") };
    std::fs::write(folder.path().join("gradient-descent.toml"), file).expect("written");
    let commands = blocks(&page, "console");
    assert_eq!(commands.len(), 5);
    for block in commands {
        let (command, shown) = block.split_once('\n').expect("a command line");
        let words: Vec<&str> = command.strip_prefix("$ signcheck ").expect("a call").split(' ').collect();
        let call = run(folder.path(), &words);
        assert_eq!(call.code, Some(0), "{call}");
        if !shown.trim().is_empty() {
            assert_eq!(trimmed(&call.stdout), trimmed(shown), "{command}");
        }
    }
    for written in
        ["results/textbook/gradient-descent.json", "figures/textbook/gradient-descent.svg", "results/report.html"]
    {
        assert!(folder.path().join("gd").join(written).exists(), "{written}");
    }
}

/// What the first screen of the README shows is what its command prints, line by line.
#[test]
fn the_first_screen_is_real() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let page = std::fs::read_to_string(page).expect("the README");
    let block = blocks(&page, "console")[0];
    let (command, shown) = block.split_once('\n').expect("a command line");
    let words: Vec<&str> = command.strip_prefix("$ cargo run --release -- ").expect("a call").split(' ').collect();
    let folder = tempfile::tempdir().expect("a folder");
    let call = run(folder.path(), &words);
    let printed: Vec<&str> = call.stdout.lines().map(str::trim_end).collect();
    let missing: Vec<&str> = shown.lines().map(str::trim_end).filter(|line| !printed.contains(line)).collect();
    assert!(missing.is_empty(), "the README shows what is not printed: {missing:#?}\n{call}");
    assert!(shown.contains("violated"));
}
