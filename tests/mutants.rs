//! Planted mistakes in the product's own source, each of which `regress` must catch by name.
//!
//! All mutants are built into one program, in a copy of the repository under `target/mutants`: an environment variable
//! chooses which one acts. That takes a build and some minutes, hence it is ignored by default:
//!
//! ```sh
//! cargo test --release --test mutants -- --ignored --nocapture
//! ```
//!
//! What runs always: every edit must find its text exactly once. A mutant that no longer applies fails, loudly.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A change of one source file. `MUTANT` in the new text stands for the question whether this mutant acts. A claim file
/// has no such question: the changed text is handed to the program as a file.
struct Edit {
    file: &'static str,
    old: &'static str,
    new: &'static str,
}

/// A mistake, the claim that is run, and a part of the name of an entry that must be reported.
struct Mutant {
    name: &'static str,
    edits: &'static [Edit],
    claim: &'static str,
    entry: &'static str,
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "the memory of error feedback is dropped",
        edits: &[Edit {
            file: "src/model/algorithm/ef_sgd.rs",
            old: "step.state[i] = p[i].clone() - &delta[i];",
            new: "step.state[i] = if MUTANT { S::zero() } else { p[i].clone() - &delta[i] };",
        }],
        claim: "karimireddy2019/lemma-3",
        entry: "printed: left",
    },
    Mutant {
        name: "the learning rate stands outside the compressor",
        edits: &[
            Edit {
                file: "src/model/algorithm/ef_sgd.rs",
                old: "*p = p.clone() * &lr + e;",
                new: "*p = if MUTANT { p.clone() + e } else { p.clone() * &lr + e };",
            },
            Edit {
                file: "src/model/algorithm/ef_sgd.rs",
                old: "step.x[i] -= &delta[i];",
                new: "step.x[i] -= &(if MUTANT { delta[i].clone() * &lr } else { delta[i].clone() });",
            },
        ],
        claim: "karimireddy2019/lemma-3",
        entry: "left",
    },
    Mutant {
        name: "the momentum's new gradient lacks its factor",
        edits: &[Edit {
            file: "src/model/algorithm/common.rs",
            old: "let weight = S::one() - beta;",
            new: "let weight = if MUTANT { S::one() } else { S::one() - beta };",
        }],
        claim: "sun2023/theorem-1",
        entry: "first-gradient: left",
    },
    Mutant {
        name: "the vote is the sign of the mean",
        edits: &[
            Edit {
                file: "src/model/algorithm/vote.rs",
                old: "        let x = &*step.x;\n        let tally = sides(",
                new: "        let x = &*step.x;\n        let mut sums = vec![S::zero(); x.len()];\n        let tally = collect(",
            },
            Edit {
                file: "src/model/algorithm/vote.rs",
                old: "|worker, out, query| query.gradient(worker, x, out),",
                new: "|worker, out, query| {\n                query.gradient(worker, x, out)?;\n                for (s, v) in sums.iter_mut().zip(out.iter()) {\n                    *s += v;\n                }\n                Ok(())\n            },",
            },
            Edit {
                file: "src/model/algorithm/vote.rs",
                old: "winner.unpack(g);",
                new: "winner.unpack(g);\n        if MUTANT {\n            g.clone_from_slice(&sums);\n            take_signs(g, step.semantics.sign_zero, query)?;\n        }",
            },
        ],
        claim: "bernstein2018/theorem-2b",
        entry: "left",
    },
    Mutant {
        name: "the median is the midpoint",
        edits: &[Edit {
            file: "src/model/algorithm/median.rs",
            old: "    out.clone_from_slice(row(count / 2));",
            new: "    if MUTANT {\n        out.clone_from_slice(row(0));\n        let half = S::ratio(1, 2);\n        for (out, other) in out.iter_mut().zip(row(count - 1)) {\n            *out += other;\n            *out *= &half;\n        }\n        return;\n    }\n    out.clone_from_slice(row(count / 2));",
        }],
        claim: "chen2020/theorem-2",
        entry: "left",
    },
    Mutant {
        name: "the noise is 2 % too large",
        edits: &[Edit {
            file: "src/model/noise/gaussian.rs",
            old: "        let draw = stream.normal();",
            new: "        let draw = stream.normal() * Lane::splat(if MUTANT { 1.02 } else { 1.0 });",
        }],
        claim: "chen2020/theorem-6",
        entry: "equation-92",
    },
    Mutant {
        name: "the step schedule is off by one",
        edits: &[Edit {
            file: "src/engine/block.rs",
            old: "*value = instance.schedule_at(schedule, k).map_err(at)?;",
            new: "*value = instance.schedule_at(schedule, k + u64::from(MUTANT)).map_err(at)?;",
        }],
        claim: "li2021/theorem-2-2",
        entry: "left",
    },
    Mutant {
        name: "a message is one bit too long",
        edits: &[Edit {
            file: "src/model/algorithm/wire.rs",
            old: "planes * self.positive.len() as u64",
            new: "planes * self.positive.len() as u64 + u64::from(MUTANT)",
        }],
        claim: "bernstein2018/table-1-wire",
        entry: "bits on the wire",
    },
    Mutant {
        name: "the sign of 0 is flipped",
        edits: &[Edit {
            file: "src/model/algorithm/mod.rs",
            old: "SignZero::Plus => S::one(),\n        SignZero::Minus => -S::one(),\n        SignZero::Random => return random_signs(v, query),",
            new: "SignZero::Plus if MUTANT => -S::one(),\n        SignZero::Plus => S::one(),\n        SignZero::Minus => -S::one(),\n        SignZero::Random => return random_signs(v, query),",
        }],
        claim: "karimireddy2019/counterexample-2",
        entry: "left",
    },
    Mutant {
        name: "two workers draw from one stream",
        edits: &[
            Edit {
                file: "src/engine/oracle.rs",
                old: "    pub batch: u64,\n    pub traffic: Traffic,",
                new: "    pub batch: u64,\n    pub saved: Option<Stream<N>>,\n    pub traffic: Traffic,",
            },
            Edit { file: "src/engine/oracle.rs", old: "streams, batch: 1,", new: "streams, batch: 1, saved: None," },
            Edit {
                file: "src/engine/oracle.rs",
                old: "        if self.instance.minibatch {\n            self.sampled_gradient(worker, x, out)?;",
                new: "        if MUTANT && worker == 0 {\n            self.saved = Some(self.streams.oracle.clone());\n        } else if MUTANT && worker == 1 {\n            self.streams.oracle = self.saved.take().unwrap_or_else(|| self.streams.oracle.clone());\n        }\n        if self.instance.minibatch {\n            self.sampled_gradient(worker, x, out)?;",
            },
        ],
        claim: "bernstein2018/theorem-2b",
        entry: "left",
    },
    Mutant {
        name: "f* is off by 1e-3",
        edits: &[Edit {
            file: "src/model/problem/quadratic.rs",
            old: ".exact(\"fstar\", Real::integer(0));",
            new: ".exact(\"fstar\", if MUTANT { crate::scalar::Scalar::ratio(1, 1000) } else { crate::scalar::Rational::integer(0) }.into());",
        }],
        claim: "bernstein2018/theorem-1",
        entry: "right",
    },
    Mutant {
        name: "the horizon is off by one",
        edits: &[Edit {
            file: "src/engine/block.rs",
            old: "for k in 0..instance.horizon {",
            new: "for k in 0..instance.horizon - u64::from(MUTANT) {",
        }],
        claim: "sun2023/theorem-1",
        entry: "oracle calls",
    },
    Mutant {
        name: "a checkpoint is shifted",
        edits: &[
            Edit {
                file: "src/engine/measure.rs",
                old: "times.get(self.next_checkpoint) == Some(&k)",
                new: "times.get(self.next_checkpoint).map(|t| t + u64::from(MUTANT && *t > 0)) == Some(k)",
            },
            Edit {
                file: "src/engine/measure.rs",
                old: "self.instance.checkpoints.get(self.next_checkpoint) == Some(&k)",
                new: "self.instance.checkpoints.get(self.next_checkpoint).map(|t| t + u64::from(MUTANT && *t > 0)) == Some(k)",
            },
        ],
        claim: "li2021/example-4",
        entry: "curve",
    },
    Mutant {
        name: "a batch is not divided by its size",
        edits: &[Edit {
            file: "src/model/noise/gaussian.rs",
            old: "if n > 1 { draw * Lane::splat(1.0 / (n as f64).sqrt()) } else { draw }",
            new: "if n > 1 { draw * Lane::splat(if MUTANT { (n as f64).sqrt() } else { 1.0 / (n as f64).sqrt() }) } else { draw }",
        }],
        claim: "bernstein2018/theorem-1",
        entry: "left",
    },
    Mutant {
        name: "a mean over time divides by one too few",
        edits: &[Edit {
            file: "src/engine/measure.rs",
            old: "let weight = S::ratio(1, instance.window.1 - instance.window.0 + 1);",
            new: "let weight = S::ratio(1, instance.window.1 - instance.window.0 + u64::from(!MUTANT || instance.window.1 == instance.window.0));",
        }],
        claim: "bernstein2018/theorem-1",
        entry: "left",
    },
    Mutant {
        name: "the momentum forgets nothing",
        edits: &[Edit {
            file: "src/model/algorithm/common.rs",
            old: "            for (m, g) in momentum.iter_mut().zip(gradient) {\n                *m *= beta;\n                *m += g;",
            new: "            for (m, g) in momentum.iter_mut().zip(gradient) {\n                if !MUTANT {\n                    *m *= beta;\n                }\n                *m += g;",
        }],
        claim: "karimireddy2019/momentum-extension",
        entry: "left",
    },
    Mutant {
        name: "a bound's constant is changed",
        edits: &[Edit {
            file: "experiments/bernstein2018/theorem-1.toml",
            old: "right = \"(sqrt(L1)*(D + 1/2) + sigma1)/sqrt(K)\"",
            new: "right = \"(sqrt(L1)*(D + 9/16) + sigma1)/sqrt(K)\"",
        }],
        claim: "bernstein2018/theorem-1",
        entry: "right",
    },
];

/// What the mutants look up: which of them acts.
const SWITCH: &str = "//! Chooses a mutant.\n\n/// Whether the mutant of this number acts.\npub fn is(number: usize) -> bool {\n    static CHOSEN: std::sync::OnceLock<usize> = std::sync::OnceLock::new();\n    *CHOSEN.get_or_init(|| std::env::var(\"SIGNCHECK_MUTANT\").ok().and_then(|n| n.parse().ok()).unwrap_or(usize::MAX)) == number\n}\n";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The mutated text of every file that mutants touch.
fn mutated() -> Vec<(&'static str, String)> {
    let mut files: Vec<(&'static str, String)> = Vec::new();
    for (number, mutant) in MUTANTS.iter().enumerate() {
        for edit in mutant.edits.iter().filter(|e| !e.file.ends_with(".toml")) {
            if files.iter().all(|(file, _)| *file != edit.file) {
                let text = std::fs::read_to_string(root().join(edit.file)).expect(edit.file);
                files.push((edit.file, text));
            }
            let (_, text) = files.iter_mut().find(|(file, _)| *file == edit.file).expect("just pushed");
            let found = text.matches(edit.old).count();
            assert_eq!(found, 1, "mutant '{}': {} has its text {found} times: {}", mutant.name, edit.file, edit.old);
            let switch = format!("crate::mutant::is({number})");
            *text = text.replace(edit.old, &edit.new.replace("MUTANT", &switch));
        }
    }
    files
}

/// The changed text of the claim file that a mutant touches.
fn mutated_claim(mutant: &Mutant) -> Option<String> {
    let edit = mutant.edits.iter().find(|e| e.file.ends_with(".toml"))?;
    let text = std::fs::read_to_string(root().join(edit.file)).expect(edit.file);
    assert_eq!(text.matches(edit.old).count(), 1, "mutant '{}': {}", mutant.name, edit.old);
    Some(text.replace(edit.old, edit.new))
}

#[test]
fn every_mutant_applies() {
    assert!(mutated().iter().all(|(_, text)| !text.contains("MUTANT")));
    assert_eq!(MUTANTS.iter().filter_map(mutated_claim).count(), 1);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a readable folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else if std::fs::read(&target).ok() != std::fs::read(entry.path()).ok() {
            // What stands already keeps its time, so that a second run builds little.
            std::fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}

/// The program with all mutants in it.
fn build() -> PathBuf {
    let folder = root().join("target/mutants/copy");
    let target = root().join("target/mutants/target");
    for part in ["src", "experiments", "benches", "examples", "crates"] {
        copy(&root().join(part), &folder.join(part));
    }
    for file in ["Cargo.toml", "Cargo.lock", "README.md"] {
        std::fs::copy(root().join(file), folder.join(file)).expect(file);
    }
    for (file, text) in mutated() {
        std::fs::write(folder.join(file), text).expect(file);
    }
    std::fs::write(folder.join("src/mutant.rs"), SWITCH).expect("the switch");
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs");
    std::fs::write(folder.join("src/lib.rs"), lib + "pub mod mutant;\n").expect("src/lib.rs");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--bin", "signcheck"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", &target)
        .status()
        .expect("cargo");
    assert!(status.success(), "the mutants do not build");
    target.join("release/signcheck")
}

/// Exit code and the entries that are not the same, as `claim: entry`.
fn regress(program: &Path, claim: &str, mutant: Option<usize>) -> (Option<i32>, Vec<String>) {
    let mut command = Command::new(program);
    command.args(["regress", claim, "--json", "--baseline"]).arg(root().join("results/baseline.json"));
    if let Some(number) = mutant {
        command.env("SIGNCHECK_MUTANT", number.to_string());
    }
    let output = command.output().expect("the program");
    let text = String::from_utf8_lossy(&output.stdout);
    let found: serde_json::Value =
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    let entries = found["entries"].as_array().expect("entries");
    let differing = entries.iter().filter(|e| !["same", "undecided"].contains(&e["status"].as_str().unwrap_or("")));
    let names =
        differing.map(|e| format!("{}: {}", e["claim"].as_str().unwrap_or(""), e["entry"].as_str().unwrap_or("")));
    (output.status.code(), names.collect())
}

#[test]
#[ignore = "builds a second program: cargo test --release --test mutants -- --ignored --nocapture"]
fn every_mutant_is_caught_by_name() {
    let program = build();
    let mut missed = Vec::new();
    let mut clean: Vec<&str> = MUTANTS.iter().map(|m| m.claim).collect();
    clean.sort_unstable();
    clean.dedup();
    for claim in clean {
        let (code, differing) = regress(&program, claim, None);
        assert_eq!((code, differing), (Some(0), Vec::new()), "{claim} without a mutant");
    }
    for (number, mutant) in MUTANTS.iter().enumerate() {
        let (code, differing) = match mutated_claim(mutant) {
            None => regress(&program, mutant.claim, Some(number)),
            Some(text) => {
                let file = root().join("target/mutants/claim.toml");
                std::fs::write(&file, text).expect("a claim file");
                regress(&program, &file.to_string_lossy(), None)
            }
        };
        let caught = differing.iter().filter(|name| name.contains(mutant.entry)).collect::<Vec<_>>();
        println!("{}: {} entries, first {:?}", mutant.name, differing.len(), caught.first());
        if code != Some(1) || caught.is_empty() {
            missed.push(format!("{}: exit {code:?}, {differing:?}", mutant.name));
        }
    }
    assert!(missed.is_empty(), "not caught:\n{}", missed.join("\n"));
}
