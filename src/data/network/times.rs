//! How long a gradient takes.

use super::reference::{Integers, images, integer_start};
use super::tests::{DIGITS, instruction_sets};
use super::*;

/// The shortest of many times, in microseconds.
fn shortest(mut f: impl FnMut()) -> f64 {
    let time = |()| {
        let begin = std::time::Instant::now();
        f();
        begin.elapsed().as_secs_f64()
    };
    std::iter::repeat_n((), 2000).map(time).fold(f64::INFINITY, f64::min) * 1e6
}

fn measure<T: Float>(what: &str, widths: &[usize]) {
    let network = Network::new(widths, Scaling::Unit, 0.0).unwrap();
    let (pixels, labels) = images(&network, 2000, 5);
    let samples = network.samples(&pixels, &labels).unwrap();
    let x: Vec<T> = integer_start(&network, 4);
    let mut gradient = vec![T::default(); x.len()];
    let mut integers = Integers(6);
    for m in [1, 8, 32, 128] {
        let indices: Vec<usize> = (0..m).map(|_| (integers.next() % 2000) as usize).collect();
        for arch in instruction_sets() {
            let mut workspace = network.workspace();
            workspace.arch = arch;
            let time = shortest(|| drop(network.batch(&x, samples, &indices, &mut gradient, &mut workspace)));
            let name = format!("{arch:?}");
            println!("{what} {widths:?}, batch {m}, {}: {time:.1} us", name.split('(').next().unwrap());
        }
    }
}

/// The products of a gradient alone, by the crate that is otherwise in use.
fn measure_products(widths: &[usize], m: usize) -> f64 {
    use nalgebra::DMatrix;
    let matrix = |rows, columns| DMatrix::from_fn(rows, columns, |i, j| ((i * 7 + j * 3) % 11) as f32 / 64.0);
    // W and a with their transposes, which a program would have to make first.
    let layer = |w: &[usize]| {
        let (before, after) = (w[0], w[1]);
        [(after, before), (before, after), (before, m), (m, before), (after, m)]
            .map(|(rows, columns)| matrix(rows, columns))
    };
    let mut layers: Vec<_> = widths.windows(2).map(layer).collect();
    shortest(|| {
        for (l, [weights, turned, input, turned_input, output]) in layers.iter_mut().enumerate() {
            output.gemm(1.0, weights, input, 0.0);
            weights.gemm(1.0, output, turned_input, 0.0);
            if l > 0 {
                input.gemm(1.0, turned, output, 0.0);
            }
        }
    })
}

#[test]
#[ignore = "a measurement"]
fn times_of_a_gradient() {
    measure::<f32>("f32", DIGITS);
    measure::<f64>("f64", DIGITS);
    measure::<f32>("f32", &[784, 128, 10]);
    println!("products alone by nalgebra, f32 {DIGITS:?}, batch 32: {:.1} us", measure_products(DIGITS, 32));
}
