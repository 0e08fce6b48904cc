//! The `signcheck` program: see `signcheck --help`.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    signcheck::main()
}
