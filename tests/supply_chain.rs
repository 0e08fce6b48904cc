//! What `Cargo.toml` promises about toolchains holds for everything that is built.

use std::path::Path;
use std::process::Command;

/// `1.93` or `1.93.0` as numbers.
fn version(text: &str) -> Vec<u64> {
    let mut numbers: Vec<u64> = text.split('.').map(|n| n.parse().expect("a version")).collect();
    numbers.resize(3, 0);
    numbers
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_oldest_toolchain_is_one_that_every_dependency_takes_and_that_is_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let oldest = env!("CARGO_PKG_RUST_VERSION");
    let rustc = output(Command::new("rustc").arg("-vV"));
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", host];
    let metadata = output(Command::new(env!("CARGO")).args(arguments).current_dir(root));
    let metadata: serde_json::Value = serde_json::from_str(&metadata).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 20, "{} packages", packages.len());
    for package in packages {
        let Some(needed) = package["rust_version"].as_str() else { continue };
        assert!(
            version(needed) <= version(oldest),
            "{} needs Rust {needed}; Cargo.toml promises {oldest}",
            package["name"]
        );
    }
    let workflow = std::fs::read_to_string(root.join(".github/workflows/ci.yml")).expect("the workflow");
    assert!(
        workflow.contains(&format!("toolchain: [\"{oldest}\", stable]")),
        "the workflow does not build with {oldest}"
    );
}
