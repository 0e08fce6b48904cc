//! A certificate whose method treats each layer by itself is another claim, which this checker cannot express.

mod common;

use common::{at, map, seal, shipped, text_at};
use signcheck_checker::certificate::{Verdict, check};
use signcheck_checker::json::Json;

/// The verdict on a shipped certificate of the method with a key more in its algorithm, under a digest made anew.
fn verdict(method: &str, key: &str, word: &str) -> Verdict {
    let named = |text: &str| {
        let mut document = Json::read(text).unwrap();
        text_at(&mut document, &["claim", "algorithm", "name"]).as_deref() == Some(method)
    };
    let (_, text) = shipped().into_iter().find(|(_, text)| named(text)).expect("a certificate of the method");
    assert!(matches!(check(&text), Verdict::Confirmed(_)), "{method}");
    let mut document = Json::read(&text).unwrap();
    let algorithm = at(&mut document, &["claim", "algorithm"]).and_then(map).unwrap();
    algorithm.insert(key.into(), Json::Text(word.into()));
    seal(&mut document);
    check(&document.canonical())
}

#[test]
fn layers_are_not_supported_and_the_whole_vector_is() {
    let layers = verdict("ef-sgd", "per", "layer");
    assert!(matches!(&layers, Verdict::Unsupported(why) if why.contains("per = \"layer\"")), "{layers:?}");
    // The default, written out.
    let whole = verdict("ef-sgd", "per", "vector");
    assert!(matches!(whole, Verdict::Confirmed(_)), "{whole:?}");
}

#[test]
fn keys_of_other_methods_are_not_ignored() {
    for (method, key, word) in [("signsgd", "per", "layer"), ("signsgd", "noise_relative_to", "largest-entry")] {
        let found = verdict(method, key, word);
        assert!(matches!(&found, Verdict::Unsupported(why) if why.contains(key)), "{found:?}");
    }
}

#[test]
fn added_noise_is_not_supported_whatever_it_is_relative_to() {
    let (_, text) = shipped().into_iter().next().unwrap();
    let mut document = Json::read(&text).unwrap();
    let noisy =
        [("name", "noisy-signsgd"), ("step_size", "1"), ("noise_level", "0"), ("noise_relative_to", "largest-entry")];
    let algorithm = noisy.map(|(key, word)| (key.to_string(), Json::Text(word.into())));
    *at(&mut document, &["claim", "algorithm"]).unwrap() = Json::Table(algorithm.into());
    seal(&mut document);
    let found = check(&document.canonical());
    assert!(matches!(&found, Verdict::Unsupported(why) if why.contains("noisy-signsgd")), "{found:?}");
}
