//! An optimiser of one's own, and claims about it.
//!
//! `cargo run --release --example own_optimizer` decides both claims below and prints their verdicts.

use signcheck::prelude::*;

/// Gradient descent whose gradient is clipped coordinate by coordinate: x -= lr min(max(g, -c), c).
///
/// Written once over the scalar: the same code runs in doubles, in exact fractions and in enclosures.
struct Clipped {
    step_size: Slot,
    clip: Real,
}

/// What claim files see of it.
static CLIPPED: AlgorithmEntry = AlgorithmEntry {
    name: "clipped-sgd",
    summary: "x -= lr clip(g, c)",
    source: "this example",
    params: &[
        ParamSpec {
            name: "step_size",
            kind: Kind::Schedule,
            default: None,
            limits: Limits::ANY,
            doc: "lr, at every step k",
        },
        ParamSpec { name: "clip", kind: Kind::Number, default: None, limits: Limits::POSITIVE, doc: "c" },
    ],
    build: |p| Ok(Box::new(Clipped { step_size: p.schedule("step_size")?, clip: p.positive("clip")? })),
};

signcheck::buffers! {
    /// Room for two gradients.
    struct Memory { scratch g: vector, scratch other: vector }
}

impl Algorithm for Clipped {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (lr, c) = (step.value(self.step_size), self.clip.cast::<S>()?);
        let Memory { g, other } = step.memory;
        mean_gradient(step.workers, step.x, other, g, query)?;
        for (x, g) in step.x.iter_mut().zip(g.iter()) {
            x.sub_product(&lr, &g.min(&c).max(&-c.clone()));
        }
        Ok(())
    }

    /// A coordinate moves by at most lr c: with it, sampled statistics have a range, and verdicts finite-sample
    /// evidence.
    fn reach(&self, values: &[f64], _workers: usize) -> Option<f64> {
        Some(values[0] * self.clip.to_f64())
    }
}

/// A claim file of one's own, which names the optimiser.
const CLAIM: &str = r#"
schema = 1
id = "mine/clipped"
title = "Clipped descent does not overshoot"
source = { paper = "mine", place = "Lemma 1" }
statement = 'f(x_T) - f_* \le \frac{L R^2}{2T}'
relation = "upper"
left = "last(f) - fstar"
hypotheses = ["convex", "smooth", "minimiser"]

[parameters]
T = [16, 64]

[problem]
name = "quadratic"
curvature = [1, "1/8"]
start = [3, 4]

[algorithm]
name = "clipped-sgd"
step_size = "1/L"
clip = 2

[run]
horizon = "T"

[[bound]]
name = "unclipped"
right = "L*R^2/(2*T)"
expect = "holds"
why = "clipping at 2 costs this start no more than a step"

[[control]]
bound = "unclipped"
change = { algorithm = { name = "clipped-sgd", step_size = "1/L", clip = "1/100" } }
expect = "violated"
"#;

/// The parts of signcheck and one more.
fn registry() -> Registry {
    Registry::standard().with_algorithm(&CLIPPED)
}

/// The claim of one's own, decided exactly.
fn own_claim() -> ResultFile {
    check_claim(CLAIM, &registry()).unwrap_or_else(|e| panic!("{e}"))
}

/// A claim of the literature, put to the optimiser: the clipped gradient takes the place of its sign.
fn claim_of_others() -> ResultFile {
    let text = claim_text("li2021/example-1").expect("a claim of that id");
    let text = text.replacen("name = \"signsgd\"", "name = \"clipped-sgd\"\nclip = 1", 1);
    check_claim(&text, &registry()).unwrap_or_else(|e| panic!("{e}"))
}

fn main() {
    for result in [own_claim(), claim_of_others()] {
        for bound in &result.bounds {
            println!("{} [{}]: {:?}, {:?} evidence", bound.id, bound.bound, bound.outcome, bound.evidence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_runs() {
        main();
    }

    #[test]
    fn my_claim_holds_exactly() {
        let result = own_claim();
        result.assert_as_expected();
        assert_eq!(result.bounds[0].evidence, Evidence::Exact);
    }

    #[test]
    fn it_does_not_jump_for_ever_as_signs_do() {
        // Where signGD jumps between two points of x1^2 + x2^2 for ever, the clipped gradient comes to rest.
        assert!(!claim_of_others().is_as_expected());
    }
}
