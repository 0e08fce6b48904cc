//! What the tests have in common: the shipped certificates, changes of documents, and numbers that look random.
#![allow(dead_code)]

use signcheck_checker::certificate::digest;
use signcheck_checker::json::Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The shipped certificates with their paths, in order.
pub(crate) fn shipped() -> Vec<(PathBuf, String)> {
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/certificates")];
    let mut out = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "json") {
                let text = std::fs::read_to_string(&path).unwrap();
                out.push((path, text));
            }
        }
    }
    out.sort();
    out
}

/// A generator for tests.
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n
    }

    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

pub(crate) fn map(json: &mut Json) -> Option<&mut BTreeMap<String, Json>> {
    if let Json::Table(map) = json { Some(map) } else { None }
}

/// The value at a path of keys.
pub(crate) fn at<'a>(json: &'a mut Json, path: &[&str]) -> Option<&'a mut Json> {
    path.iter().try_fold(json, |json, key| match json {
        Json::Table(map) => map.get_mut(*key),
        Json::List(all) => all.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    })
}

pub(crate) fn text_at(json: &mut Json, path: &[&str]) -> Option<String> {
    match at(json, path)? {
        Json::Text(t) => Some(t.clone()),
        _ => None,
    }
}

/// Gives a document the digest that it should have.
pub(crate) fn seal(document: &mut Json) {
    let found = digest(document);
    if let Some(map) = map(document) {
        map.insert("digest".into(), Json::Text(found));
    }
}

/// The paths of all values in a document.
pub(crate) fn places(json: &Json, before: &[String], out: &mut Vec<Vec<String>>) {
    let mut deeper = |key: String, one: &Json| {
        let path = [before, &[key]].concat();
        out.push(path.clone());
        places(one, &path, out);
    };
    match json {
        Json::Table(all) => all.iter().for_each(|(key, one)| deeper(key.clone(), one)),
        Json::List(all) => all.iter().enumerate().for_each(|(i, one)| deeper(i.to_string(), one)),
        _ => {}
    }
}
