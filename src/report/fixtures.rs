//! A small ledger made by hand, with awkward texts.

use crate::results::*;
use std::collections::BTreeMap;

fn cell(pairs: &[(&str, serde_json::Value)]) -> BTreeMap<String, serde_json::Value> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect()
}

fn bound(id: &str, name: &str, outcome: Outcome, left: f64, right: f64) -> BoundRecord {
    BoundRecord {
        id: id.into(),
        bound: name.into(),
        outcome,
        reason: "the interval lies below the bound in all 12 cells".into(),
        evidence: Evidence::FiniteSample,
        left: Estimate { estimate: Some(left), low: Some(left * 0.97), high: Some(left * 1.03), ..Estimate::default() },
        right: RightSide { value: Some(right), ..RightSide::default() },
        ratio: Some(left / right),
        vacuous: false,
        level: Some(1e-6),
        replicates: 1000,
        cell: cell(&[("K", 64.into()), ("case", "skewed_noise".into())]),
        cells: 12,
        hypotheses: vec![
            hypothesis("smooth-coordinate", Some(true), "L = (1, 3)", "exact"),
            hypothesis("variance-coordinate", Some(true), "σ = (1, 1/2)", "exact"),
        ],
        units: UnitsRecord::Consistent,
        controls: ControlTally { planted: 2, caught: 2 },
        expect: outcome,
        as_expected: true,
    }
}

fn hypothesis(name: &str, holds: Option<bool>, value: &str, provenance: &str) -> HypothesisRecord {
    HypothesisRecord { name: name.into(), holds, value: value.into(), provenance: provenance.into() }
}

fn control(bound: &str, key: &str, value: &str, caught: bool) -> ControlRecord {
    ControlRecord {
        bound: bound.into(),
        change: serde_json::json!({ key: value }),
        expect: Outcome::Violated,
        outcome: if caught { Outcome::Violated } else { Outcome::Holds },
        caught,
        ratio: Some(if caught { 3.25 } else { 0.9 }),
    }
}

fn picture(name: &str) -> Picture {
    let axis = |label: &str, scale| Axis { label: label.into(), scale, low: None, high: None };
    let x = vec![16.0, 64.0, 256.0];
    let some = |v: [f64; 3]| v.map(Some).to_vec();
    let layers = vec![
        Layer::Line {
            label: "bound, \"printed\"".into(),
            color: 6,
            style: LineStyle::Dashed,
            x: x.clone(),
            y: some([1.5, 0.75, 0.375]),
        },
        Layer::Band {
            label: String::new(),
            color: 0,
            x: x.clone(),
            low: some([0.8, 0.4, 0.2]),
            high: some([1.2, 0.6, 0.3]),
        },
        Layer::Points {
            label: "measured".into(),
            color: 0,
            x: x.clone(),
            y: vec![Some(1.0), None, Some(0.25)],
            low: some([0.9, 0.4, 0.2]),
            high: some([1.1, 0.6, 0.3]),
        },
    ];
    let bars = vec![
        Layer::Bars { label: "gap".into(), color: 5, edges: vec![0.0, 1.0, 2.0, 3.0], heights: vec![2.0, 5.0, 1.0] },
        Layer::Arrows { label: String::new(), color: 1, x: vec![0.5], y: vec![1.0], dx: vec![1.0], dy: vec![0.5] },
        Layer::Path { label: "path".into(), color: 2, x: vec![0.5, 1.5], y: vec![0.5, 3.0] },
        Layer::Contours {
            x: vec![0.0, 1.0],
            y: vec![0.0, 2.0],
            z: vec![vec![0.0, 1.0], vec![1.0, 2.0]],
            levels: vec![],
        },
    ];
    Picture {
        name: name.into(),
        title: "Left side against the bound".into(),
        caption: "Mean over 1000 replicates <img src=x onerror=alert(1)>; bars are 95 % intervals.".into(),
        panels: vec![
            Panel {
                title: "Rate".into(),
                x: axis("horizon K", AxisScale::Log),
                y: axis("mean ‖g‖₁", AxisScale::Log),
                layers,
            },
            Panel {
                title: "Gap".into(),
                x: axis("x", AxisScale::Linear),
                y: axis("count", AxisScale::Linear),
                layers: bars,
            },
        ],
    }
}

fn result(id: &str, title: &str, statement: &str, bounds: Vec<BoundRecord>) -> ResultFile {
    let (paper, name) = id.split_once('/').unwrap_or((id, id));
    let right = |b: &BoundRecord| {
        let why = "the proof's last step holds with this constant & no other <b>".into();
        (b.bound.clone(), ("(sqrt(L1)*(D + 1/2) + 2*sigma1)/sqrt(K)".into(), Expectation { expect: b.expect, why }))
    };
    ResultFile {
        schema_version: SCHEMA_VERSION,
        id: id.into(),
        title: title.into(),
        source: Source { paper: paper.into(), place: "Theorem 1, proof form".into() },
        statement: statement.into(),
        relation: "upper".into(),
        left: "mean(grad_l1)".into(),
        rights: bounds.iter().map(right).collect(),
        bounds,
        cells: BTreeMap::new(),
        controls: vec![
            control("printed", "right", "sqrt(L1)*D/(10*K)", true),
            control("printed", "algorithm", "sgd", name != "theorem-2"),
        ],
        tables: vec![],
        figures: vec![picture(name)],
        notes: vec!["The paper leaves the start open; <img src=x> x0 = (2, -1) was chosen.".into()],
        provenance: Provenance {
            version: "0.1.0".into(),
            spec_hash: "0123456789abcdef0123456789abcdef".into(),
            seed: 1,
            generator: "philox4x32-10".into(),
            profile: "quick".into(),
            level: 1e-6,
            evidence: Vec::new(),
            budget: crate::results::BudgetRecord::default(),
            data: Vec::new(),
            claim: None,
        },
    }
}

/// Four results and their ledger.
pub(super) fn all() -> (Vec<ResultFile>, Ledger) {
    use Outcome::{Holds, HypothesisFails, Undecided, Violated};
    let rate = r"\frac1K\sum_{k<K} \mathbb{E}\|g_k\|_1 \le \frac{1}{\sqrt K}\Big[\sqrt{\|L\|_1}\,(f_0-f_*+\tfrac12) + 2\|\sigma\|_1\Big]";
    let mut exact = bound("bernstein2018/theorem-1", "derived", Violated, 1.5, 1.25);
    exact.evidence = Evidence::Exact;
    exact.level = Some(0.0);
    exact.replicates = 1;
    exact.left =
        Estimate { estimate: Some(1.5), low: Some(1.5), high: Some(1.5), exact: Some("3/2".into()), why: None };
    exact.right = RightSide { value: Some(1.25), exact: Some("5/4".into()), why: None };
    let mut open = bound("karimireddy2019/theorem-2", "printed_100%", Undecided, 1.0, 1.0);
    open.reason = "diverged in 3 of 1000 replicates".into();
    open.left = Estimate { why: Some("diverged at step 7".into()), ..Estimate::default() };
    open.ratio = None;
    open.controls = ControlTally { planted: 2, caught: 1 };
    open.expect = Holds;
    open.as_expected = false;
    open.vacuous = true;
    let mut outside = bound("sun2023/theorem-1", "printed", HypothesisFails, 0.25, 1e-7);
    outside.hypotheses = vec![hypothesis("unimodal", Some(false), "two modes at -1 | 1", "certified")];
    outside.evidence = Evidence::Numeric;
    outside.controls = ControlTally::default();
    let mut table_claim = result("li2021/table-1", "Iterations to a gap of 1 %", r"\nosuchcommand{x}", vec![]);
    table_claim.relation = "figure".into();
    table_claim.controls.clear();
    table_claim.tables.push(TableRecord {
        title: "Iterations".into(),
        columns: vec!["algorithm".into(), "d = 2".into(), "d = 100".into()],
        rows: vec![
            vec!["signsgd".into(), "12".into(), "345".into()],
            vec!["<i>sgd</i>".into(), "7".into(), "89".into()],
        ],
    });
    let results = vec![
        result(
            "bernstein2018/theorem-1",
            "signSGD reaches a stationary point at the rate of SGD",
            rate,
            vec![bound("bernstein2018/theorem-1", "printed", Holds, 0.1234567, 0.75), exact],
        ),
        result(
            "karimireddy2019/theorem-2",
            "Error feedback converges & compresses",
            r"\mathbb{E}\|\nabla f(\bar x)\|^2 \le \frac{4(f_0-f_*)}{\gamma(T+1)}",
            vec![open],
        ),
        table_claim,
        result(
            "sun2023/theorem-1",
            "Momentum under weaker assumptions",
            r"\min_{k\le K}\mathbb{E}\|\nabla f(x^k)\|_1 = O(K^{-1/4})",
            vec![outside],
        ),
    ];
    let ledger = Ledger::new(&results);
    (results, ledger)
}
