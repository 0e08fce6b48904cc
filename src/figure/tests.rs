//! Pictures with every kind of layer, and data that would break a careless renderer.

use super::*;
use crate::results::{Axis, AxisScale, Layer, LineStyle, Panel};
use proptest::prelude::*;

fn axis(label: &str, scale: AxisScale) -> Axis {
    Axis { label: label.into(), scale, low: None, high: None }
}

fn panel(title: &str, x: (&str, AxisScale), y: (&str, AxisScale), layers: Vec<Layer>) -> Panel {
    Panel { title: title.into(), x: axis(x.0, x.1), y: axis(y.0, y.1), layers }
}

fn picture(name: &str, panels: Vec<Panel>) -> Picture {
    Picture {
        name: name.into(),
        title: "signSGD against its bound on a quadratic & a <rotated> one".into(),
        caption: "Mean over 1000 replicates; bands are 95 % intervals <pointwise>.".into(),
        panels,
    }
}

use AxisScale::{Linear, Log};
use LineStyle::{Dashed, Solid};

fn line(label: &str, color: usize, style: LineStyle, x: &[f64], f: impl Fn(f64) -> f64) -> Layer {
    Layer::Line { label: label.into(), color, style, x: x.to_vec(), y: x.iter().map(|x| Some(f(*x))).collect() }
}

fn band(color: usize, x: &[f64], low: impl Fn(f64) -> f64, high: impl Fn(f64) -> f64) -> Layer {
    let column = |f: &dyn Fn(f64) -> f64| x.iter().map(|x| Some(f(*x))).collect();
    Layer::Band { label: String::new(), color, x: x.to_vec(), low: column(&low), high: column(&high) }
}

fn grid(from: f64, to: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| from + (to - from) * i as f64 / (n - 1) as f64).collect()
}

/// A rough, repeatable value in [0, 1).
fn noise(i: usize) -> f64 {
    ((i as f64 * 12.9898).sin() * 43_758.545_3).rem_euclid(1.0)
}

fn decay() -> Panel {
    let k = grid(1.0, 5000.0, 5000);
    let rough = |x: f64| 3.0 / x.sqrt() * (1.0 + 0.3 * (noise(x as usize) - 0.5));
    panel(
        "Measured gradient norm",
        ("iteration k", Log),
        ("mean of ‖∇f(x_k)‖₁", Log),
        vec![
            band(0, &k, |x| 2.4 / x.sqrt(), |x| 3.6 / x.sqrt()),
            line("signsgd", 0, Solid, &k, rough),
            line("signum, β = 0.9", 1, Solid, &k, |x| 5.0 / x.powf(0.4)),
            line("bound as printed", 6, Dashed, &k, |x| 9.0 / x.sqrt()),
        ],
    )
}

fn sweep() -> Panel {
    let k = [16.0, 32.0, 64.0, 128.0, 256.0];
    let y: Vec<f64> = k.iter().map(|k: &f64| 1.0 / k.sqrt()).collect();
    panel(
        "Left side against the bound",
        ("horizon K", Log),
        ("probability of a wrong sign", Linear),
        vec![
            line("printed", 6, Dashed, &k, |k| 1.4 / k.sqrt()),
            Layer::Points {
                label: "measured".into(),
                color: 1,
                x: k.to_vec(),
                y: y.iter().map(|y| Some(*y)).collect(),
                low: y.iter().map(|y| Some(y - 0.02)).collect(),
                high: y.iter().map(|y| Some(y + 0.02)).collect(),
            },
        ],
    )
}

fn plane() -> Panel {
    let (x, y) = (grid(-2.0, 2.0, 80), grid(-1.5, 1.5, 60));
    let z = y.iter().map(|y| x.iter().map(|x| x * x + 3.0 * y * y + x * y).collect()).collect();
    let walk: Vec<f64> = (0..14).map(|i| 1.8 - 0.14 * f64::from(i)).collect();
    let (ax, ay): (Vec<f64>, Vec<f64>) =
        (0..48).map(|i| (-1.75 + 0.5 * f64::from(i % 8), -1.25 + 0.5 * f64::from(i / 8))).unzip();
    panel(
        "Iterates",
        ("x₁", Linear),
        ("x₂", Linear),
        vec![
            Layer::Contours { x, y, z, levels: vec![] },
            Layer::Arrows {
                label: "−∇f, scaled".into(),
                color: 10,
                dx: ax.iter().zip(&ay).map(|(x, y)| -0.06 * (2.0 * x + y)).collect(),
                dy: ax.iter().zip(&ay).map(|(x, y)| -0.06 * (6.0 * y + x)).collect(),
                x: ax,
                y: ay,
            },
            Layer::Path {
                label: "signsgd".into(),
                color: 1,
                y: (0..14).map(|i| -1.2 + 0.14 * f64::from(i).min(9.0) + 0.14 * f64::from(i % 2)).collect(),
                x: walk,
            },
        ],
    )
}

fn histogram() -> Panel {
    let edges = grid(-3.0, 3.0, 31);
    let heights =
        edges.windows(2).map(|e| (-(f64::midpoint(e[0], e[1])).powi(2) / 2.0).exp() * 4.0e5).collect::<Vec<_>>();
    let dense = grid(-3.0, 3.0, 200);
    panel(
        "Distribution of the final gap",
        ("x / σ", Linear),
        ("count", Linear),
        vec![
            Layer::Bars { label: "1.5 million replicates".into(), color: 5, edges, heights },
            line("normal law", 1, Solid, &dense, |x| (-x * x / 2.0).exp() * 4.0e5),
        ],
    )
}

fn crowded() -> Panel {
    let k = grid(0.0, 10.0, 60);
    let layers = (0..9)
        .map(|c| {
            let label = format!("workers M = {}, noise of scale {}", 1 << c, c);
            line(&label, c, if c % 2 == 0 { Solid } else { Dashed }, &k, move |x| (x + c as f64).sin() + c as f64 * 0.2)
        })
        .collect();
    panel("", ("time", Linear), ("f(x_k) − f*, in units of L R²", Linear), layers)
}

fn fixtures() -> Vec<Picture> {
    let swapped = |panel: Panel| Panel { title: "The same series again".into(), ..panel };
    vec![
        picture("one", vec![decay()]),
        picture("two", vec![decay(), sweep()]),
        picture("three", vec![plane(), histogram(), sweep()]),
        picture("four", vec![plane(), histogram(), decay(), crowded()]),
        picture("crowded", vec![crowded()]),
        picture("shared", vec![sweep(), swapped(sweep())]),
        picture("five", vec![plane(), sweep(), decay(), histogram(), sweep()]),
    ]
}

/// Everything that may be wrong with a column of numbers.
fn hostile_columns() -> Vec<Vec<f64>> {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    vec![
        vec![],
        vec![0.0],
        vec![5.0, 5.0, 5.0],
        vec![nan, nan, nan],
        vec![inf, -inf, 1.0],
        vec![-1.0, 0.0, nan],
        vec![1e-300, 1.0, 1e300],
        vec![f64::MAX, -f64::MAX, 0.0],
        vec![5e-324, 1e-320, 0.0],
        vec![1.0, 1.0 + f64::EPSILON, 1.0],
        vec![1e15, 1e15 + 1.0, 1e15 + 2.0],
        vec![3.0, 1.0, 2.0, 9.0, 9.0],
    ]
}

fn every_layer(x: &[f64], y: &[f64]) -> Vec<Layer> {
    let (x, y) = (x.to_vec(), y.to_vec());
    let some: Vec<Option<f64>> = y.iter().map(|v| v.is_finite().then_some(*v)).collect();
    let raw: Vec<Option<f64>> = y.iter().copied().map(Some).collect();
    let label = || "name".to_owned();
    vec![
        Layer::Line { label: label(), color: 0, style: Dashed, x: x.clone(), y: raw.clone() },
        Layer::Line { label: label(), color: 99, style: Solid, x: x.clone(), y: vec![None; x.len()] },
        Layer::Band { label: label(), color: 1, x: x.clone(), low: some.clone(), high: raw.clone() },
        Layer::Points { label: label(), color: 2, x: x.clone(), y: some.clone(), low: vec![], high: vec![] },
        Layer::Points { label: label(), color: 3, x: x.clone(), y: raw.clone(), low: some, high: raw },
        Layer::Path { label: label(), color: 4, x: x.clone(), y: y.clone() },
        Layer::Arrows { label: label(), color: 5, x: x.clone(), y: y.clone(), dx: y.clone(), dy: x.clone() },
        Layer::Contours { x: x.clone(), y: y.clone(), z: vec![x.clone(); y.len()], levels: vec![] },
        Layer::Contours { x: x.clone(), y: y.clone(), z: vec![y.clone(); x.len()], levels: vec![f64::NAN, 1.0] },
        Layer::Pixels {
            x: [0.0, x.first().copied().unwrap_or(1.0)],
            y: [y.last().copied().unwrap_or(1.0), 0.0],
            rows: vec!["0f8".into(), "é".into(), String::new(), "ffffff".into()],
        },
        Layer::Bars { label: label(), color: 6, edges: x, heights: y },
    ]
}

#[test]
fn hostile_data_is_drawn_without_a_panic() {
    for x in hostile_columns() {
        for y in hostile_columns() {
            let scales = [(Linear, Linear), (Log, Linear), (Linear, Log), (Log, Log)];
            let panels = scales.map(|(a, b)| panel("", ("x", a), ("y", b), every_layer(&x, &y)));
            let svg = render_svg(&picture("hostile", panels.to_vec())).unwrap();
            assert!(svg.len() < 300_000 && !svg.contains("NaN") && !svg.contains("inf"), "{x:?} {y:?}");
        }
    }
}

#[test]
fn hostile_data_is_also_a_bitmap() {
    let columns = hostile_columns();
    // Three panels per page: drawing pixels is slow without optimisation.
    let pairs: Vec<_> = columns.iter().zip(columns.iter().rev()).collect();
    for three in pairs.chunks(3) {
        let panels = three.iter().map(|(x, y)| panel("", ("x", Linear), ("y", Log), every_layer(x, y)));
        assert!(render_png(&picture("hostile", panels.collect())).is_ok());
    }
}

#[test]
fn empty_pictures_and_odd_texts_are_drawn() {
    let empty = Picture { name: "e".into(), title: String::new(), caption: String::new(), panels: vec![] };
    assert!(render_svg(&empty).is_ok() && render_png(&empty).is_ok());
    let odd = "a\u{0}\u{1b}b & <c> \"d\" ]]> é 数 🦀 ".repeat(20);
    let layers = vec![line(&odd, 0, Solid, &[1.0, 2.0], |x| x), line("", 1, Solid, &[1.0, 2.0], |x| x)];
    let mut odd_picture = picture(&odd, vec![panel(&odd, (&odd, Linear), (&odd, Log), layers)]);
    odd_picture.title = odd.clone();
    odd_picture.caption = odd;
    let svg = render_svg(&odd_picture).unwrap();
    assert!(!svg.contains('\u{0}') && !svg.contains("<c>"));
}

#[test]
fn a_picture_has_its_pixels_where_its_rows_say() {
    let pixels = Layer::Pixels { x: [0.0, 2.0], y: [0.0, 2.0], rows: vec!["0f".into(), "80".into()] };
    let scene =
        layout::compose(&picture("pixels", vec![panel("", ("x", Linear), ("y", Linear), vec![pixels.clone()])]));
    let shades = scene.marks.iter().find_map(|mark| match mark {
        scene::Mark::Picture { columns: 2, shades, .. } => Some(shades.clone()),
        _ => None,
    });
    // Exact: 255 less 17 times the digit, from the upper left corner.
    assert_eq!(shades, Some(vec![255, 0, 119, 255]));
    let drawing = picture("pixels", vec![panel("", ("x", Linear), ("y", Linear), vec![pixels])]);
    let svg = render_svg(&drawing).unwrap();
    assert_eq!(svg.matches("href=\"data:image/png;base64,iVBORw0KGgo").count(), 1);
    assert!(svg.trim_end().ends_with("</svg>") && svg.matches("</svg>").count() == 1);
}

#[test]
fn bytes_repeat() {
    for fixture in fixtures() {
        assert_eq!(render_svg(&fixture).unwrap(), render_svg(&fixture).unwrap());
    }
    let flat = picture("flat", vec![sweep(), sweep(), sweep()]);
    assert_eq!(render_png(&flat).unwrap(), render_png(&flat).unwrap());
}

#[test]
fn files_stay_small_and_name_themselves() {
    for fixture in fixtures() {
        let svg = render_svg(&fixture).unwrap();
        assert!(svg.len() < 300_000, "{}: {}", fixture.name, svg.len());
        assert!(svg.contains("<title>signSGD against its bound on a quadratic &amp; a &lt;rotated&gt; one</title>"));
        assert!(svg.contains("font-family=\"DejaVu Sans, Verdana, sans-serif\""));
    }
    let png = render_png(&fixtures()[2]).unwrap();
    // Width in the header chunk.
    assert_eq!(png[16..20], 1600_u32.to_be_bytes());
    assert!(png.len() < 300_000, "{}", png.len());
}

#[test]
fn texts_stay_on_the_page() {
    text::register().unwrap();
    for fixture in fixtures() {
        let scene = layout::compose(&fixture);
        for mark in &scene.marks {
            let scene::Mark::Text(t) = mark else { continue };
            let wide = text::width(&t.text, t.size, t.bold);
            let (left, right) = match t.align {
                _ if t.upright => (t.at.0 - t.size, t.at.0),
                scene::Align::Left => (t.at.0, t.at.0 + wide),
                scene::Align::Center => (t.at.0 - wide / 2.0, t.at.0 + wide / 2.0),
                scene::Align::Right => (t.at.0 - wide, t.at.0),
            };
            assert!(left >= 0.0 && right <= scene.width - 1.0, "{}: {t:?} {left} {right}", fixture.name);
            assert!(t.at.1 > 0.0 && t.at.1 < scene.height);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_columns_are_drawn(x in proptest::collection::vec(any::<f64>(), 0..8), y in proptest::collection::vec(any::<f64>(), 0..8),
                             low in proptest::option::of(any::<f64>()), high in proptest::option::of(any::<f64>()), log in any::<bool>()) {
        let mut panel = panel("t", ("x", if log { Log } else { Linear }), ("y", Linear), every_layer(&x, &y));
        panel.y.low = low;
        panel.y.high = high;
        panel.x.high = low;
        let svg = render_svg(&picture("any", vec![panel])).unwrap();
        prop_assert!(!svg.contains("NaN"));
    }
}

/// For visual inspection: `cargo test draws_fixtures -- --ignored` writes them to the system's temporary folder.
#[test]
#[ignore = "writes files to look at"]
fn draws_fixtures() {
    let folder = std::env::temp_dir().join("signcheck-figures");
    std::fs::create_dir_all(&folder).unwrap();
    for fixture in fixtures() {
        std::fs::write(folder.join(format!("{}.svg", fixture.name)), render_svg(&fixture).unwrap()).unwrap();
        std::fs::write(folder.join(format!("{}.png", fixture.name)), render_png(&fixture).unwrap()).unwrap();
    }
}
