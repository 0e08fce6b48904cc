//! Values per second of the samplers, for lane widths and laws, under the widest instruction set of the machine.
//!
//! `cargo bench --bench streams`

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use signcheck::internals::rng::{CellKey, Stream};
use signcheck::scalar::Lane;

/// Values in one timed call: large against the dispatch, small against the first-level cache.
const VALUES: usize = 1 << 14;

fn main() {
    divan::main();
}

/// Runs `work` under the widest instruction set.
///
/// The bound on `FnOnce` matters. A closure that is given to `Arch::dispatch` directly may be inferred to be an
/// `FnMut`. It is then called through a shim that is not inlined, and so keeps the baseline instructions.
#[inline(always)]
fn dispatch<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// Times `VALUES` draws a call, added up lane by lane so that none can be left out.
fn time<const N: usize>(bencher: Bencher, draw: impl Fn(&mut Stream<N>) -> Lane<N>) {
    let mut stream = Stream::<N>::new(&CellKey::new(1, &[], "bench"), 0);
    bencher.counter(ItemsCount::new(VALUES)).bench_local(|| {
        let stream = black_box(&mut stream);
        dispatch(
            #[inline(always)]
            || {
                let mut sum = Lane::<N>::splat(0.0);
                for _ in 0..VALUES / N {
                    sum += &draw(stream);
                }
                sum
            },
        )
    });
}

#[divan::bench(consts = [1, 4, 8, 16, 32, 64, 128])]
fn uniform<const N: usize>(bencher: Bencher) {
    time::<N>(
        bencher,
        #[inline(always)]
        |s| s.uniform(),
    );
}

#[divan::bench(consts = [1, 4, 8, 16, 32, 64, 128])]
fn normal<const N: usize>(bencher: Bencher) {
    time::<N>(
        bencher,
        #[inline(always)]
        |s| s.normal(),
    );
}

#[divan::bench(consts = [1, 4, 8, 16, 32, 64, 128])]
fn fill_normal<const N: usize>(bencher: Bencher) {
    let mut stream = Stream::<N>::new(&CellKey::new(1, &[], "bench"), 0);
    let mut out = vec![Lane::<N>::splat(0.0); 1024 / N];
    bencher.counter(ItemsCount::new(VALUES)).bench_local(|| {
        let (stream, out) = black_box((&mut stream, &mut out));
        dispatch(
            #[inline(always)]
            || {
                for _ in 0..VALUES / 1024 {
                    stream.fill_normal(black_box(out));
                }
            },
        );
    });
}

macro_rules! law {
    ($name:ident, |$stream:ident| $draw:expr) => {
        #[divan::bench]
        fn $name(bencher: Bencher) {
            time::<64>(
                bencher,
                #[inline(always)]
                |$stream| $draw,
            );
        }
    };
}
law!(laplace, |s| s.laplace());
law!(exponential, |s| s.exponential());
law!(logistic, |s| s.logistic());
law!(student, |s| s.student(5.0));
law!(rademacher, |s| s.rademacher());
law!(bernoulli, |s| s.bernoulli(&Lane::splat(0.25)));
law!(index, |s| Lane(s.index(1000).map(
    #[inline(always)]
    |i| i as f64
)));
law!(choose, |s| Lane(s.choose(&[0.2, 0.5, 0.9, 1.0]).map(
    #[inline(always)]
    |i| i as f64
)));

/// The cost of starting 64 replicates.
#[divan::bench]
fn start_64() -> Stream<64> {
    Stream::new(black_box(&CellKey::new(1, &[], "bench")), black_box(0))
}
