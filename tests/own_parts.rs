//! Parts of one's own, in every place where a claim file may name one: a compressor inside error feedback, too.

use signcheck::model::noise::Stream;
use signcheck::model::noise::{DrawRounding, Drawn, Tails};
use signcheck::model::problem::Footprint;
use signcheck::model::{
    Atom, Calculator, Compressor, CompressorEntry, Facts, Noise, NoiseEntry, OutputSpec, Problem, ProblemEntry,
    Property, QuantityEntry, Row, Semantics,
};
use signcheck::prelude::*;
use signcheck::scalar::{Lane, Rational};

/// C(v) = v/2.
struct Half;

static HALF: CompressorEntry =
    CompressorEntry { name: "half", summary: "v/2", params: &[], build: |_| Ok(Box::new(Half)) };

impl Compressor for Half {
    fn compress<S: Arithmetic>(&self, v: &mut [S], _: &Semantics, _: &mut dyn Query<S>) -> Result<(), Fault> {
        v.iter_mut().for_each(|v| *v *= &S::ratio(1, 2));
        Ok(())
    }

    /// |v/2 - v|^2 = (1 - 3/4)|v|^2.
    fn quality(&self, _dimension: usize) -> Real {
        Real::Exact(Rational::ratio(3, 4))
    }

    fn bits(&self, dimension: usize, _: &Semantics) -> u64 {
        32 * dimension as u64
    }
}

/// g + 1, always.
struct OneMore;

static ONE_MORE: NoiseEntry =
    NoiseEntry { name: "one-more", summary: "g + 1", params: &[], build: |_| Ok(Box::new(OneMore)) };

impl Noise for OneMore {
    fn perturb<const N: usize>(&self, _: &mut Stream<N>, _: u64, _: &[Lane<N>], gradient: &mut [Lane<N>]) {
        gradient.iter_mut().for_each(|g| *g += &Lane::splat(1.0));
    }

    fn atoms(&self, _: &[Rational], gradient: &[Rational]) -> Option<Vec<Atom>> {
        let gradient = gradient.iter().map(|g| g.clone() + Rational::one()).collect();
        Some(vec![Atom { probability: Rational::one(), gradient }])
    }

    fn facts(&self) -> Facts {
        Facts::new()
    }

    fn tails(&self) -> Tails {
        Tails::LIGHT
    }

    fn in_doubles(&self, _: u64) -> DrawRounding {
        DrawRounding::Added(Drawn { error: 0.0, unit: Some(Rational::one()) })
    }

    fn has(&self, property: Property) -> Option<bool> {
        (property == Property::Unbiased).then_some(false)
    }
}

/// f(x) = 3 x.
struct Slope;

static SLOPE: ProblemEntry = ProblemEntry {
    name: "slope-three",
    summary: "3 x",
    params: &[],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |_| Ok(Box::new(Slope)),
};

impl Problem for Slope {
    fn dimension(&self) -> usize {
        1
    }

    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        Ok(x[0].clone() * &S::ratio(3, 1))
    }

    fn gradient<S: Scalar>(&self, _: &[S], out: &mut [S]) -> Result<(), Fault> {
        out[0] = S::ratio(3, 1);
        Ok(())
    }

    fn facts(&self) -> Facts {
        Facts::new()
    }

    fn has(&self, _: Property) -> Option<bool> {
        None
    }
}

/// The number 42.
static ANSWER: QuantityEntry = QuantityEntry {
    name: "the-answer",
    summary: "42",
    source: "this test",
    params: &[],
    outputs: &[OutputSpec { name: "answer", doc: "42" }],
    calculator: Calculator::PLAIN,
    evaluate: |_| Ok(vec![Row::closed("none", vec![Real::integer(42)])]),
};

fn registry() -> Registry {
    Registry::standard().with_compressor(&HALF).with_noise(&ONE_MORE).with_problem(&SLOPE).with_quantity(&ANSWER)
}

/// A claim that an equality holds exactly.
fn assert_exactly(left: &str, value: &str, parts: &str) {
    let text = format!(
        r#"schema = 1
id = "own/parts"
title = "Parts of one's own"
source = {{ paper = "own", place = "-" }}
statement = 'x'
relation = "identity"
left = "{left}"
{parts}
[[bound]]
name = "value"
right = "{value}"
expect = "holds"
why = "by hand"
"#
    );
    let found = check_claim(&text, &registry()).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let bound = &found.bounds[0];
    assert_eq!((bound.outcome, bound.evidence), (Outcome::Holds, Evidence::Exact), "{bound:?}");
}

#[test]
fn a_compressor_works_inside_methods_and_quantities() {
    // From 1 with lr = 1: p = 1 + 0, x = 1/2, e = 1/2; then p = 1/2 + 1/2, x = 0.
    let run = "[problem]\nname = \"quadratic\"\ncurvature = [1]\nstart = [1]\n[run]\nhorizon = 2\n";
    let method = |name: &str| {
        format!("{run}[algorithm]\nname = \"{name}\"\nstep_size = 1\ncompressor = {{ name = \"half\" }}\n")
    };
    assert_exactly("last(x1)", "0", &method("ef-sgd"));
    // Without the memory every step halves.
    assert_exactly("last(x1)", "1/4", &method("compressed-sgd"));
    let quantity = "[quantity]\nname = \"compression\"\ncompressor = { name = \"half\" }\nvector = [2]\n";
    // |C(v) - v|^2 = 1 of |v|^2 = 4
    assert_exactly("error", "1", quantity);
}

#[test]
fn noise_a_problem_and_a_quantity_work() {
    // One step of 1/2 from 1 along 1 + 1.
    let run = "[run]\nhorizon = 1\n[algorithm]\nname = \"sgd\"\nstep_size = \"1/2\"\n";
    let quadratic = "[problem]\nname = \"quadratic\"\ncurvature = [1]\nstart = [1]\n";
    assert_exactly("last(x1)", "0", &format!("{quadratic}[oracle]\nnoise = {{ law = \"one-more\" }}\n{run}"));
    // One step of 1/2 from 1 along 3: f = -3/2.
    assert_exactly("last(f)", "-3/2", &format!("[problem]\nname = \"slope-three\"\nstart = [1]\n{run}"));
    assert_exactly("answer", "42", "[quantity]\nname = \"the-answer\"\n");
}

#[test]
fn a_part_that_no_registry_has_is_an_error_with_the_nearest_name() {
    let text = claim_text("karimireddy2019/theorem-2").expect("a claim");
    let text = text.replacen("name = \"top-k\"", "name = \"halve\"", 1);
    let error = check_claim(&text, &registry()).expect_err("an unknown compressor").to_string();
    assert!(error.contains("unknown compressor 'halve'") && error.contains("'half'"), "{error}");
}
