//! A claim file that is new is built in, too: `include_dir!` names the files that it found to Cargo, not their folder.

fn main() {
    println!("cargo::rerun-if-changed=experiments");
}
