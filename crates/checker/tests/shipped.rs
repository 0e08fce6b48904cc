//! Every certificate that is shipped is confirmed.

mod common;

use signcheck_checker::certificate::{Verdict, check};

#[test]
fn every_shipped_certificate_is_confirmed() {
    let all = common::shipped();
    assert!(all.len() >= 211, "{} certificates are not all of them", all.len());
    let found = std::thread::scope(|scope| {
        let halves: Vec<_> = all
            .chunks(all.len().div_ceil(2))
            .map(|part| scope.spawn(|| part.iter().map(|(path, text)| (path, check(text))).collect::<Vec<_>>()))
            .collect();
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect::<Vec<_>>()
    });
    let others: Vec<_> = found.iter().filter(|(_, verdict)| !matches!(verdict, Verdict::Confirmed(_))).collect();
    assert!(others.is_empty(), "{others:#?}");
}
