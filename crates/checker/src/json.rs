//! JSON documents: read with every key once, and written in the form of which the digest is taken.

use crate::number::Q;
use crate::{Answer, refuse};
use dashu_int::{IBig, UBig};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// A JSON value. The keys of objects are in the order of their bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Flag(bool),
    /// A number without a point and an exponent.
    Count(i128),
    /// Any other number.
    Double(f64),
    /// A text.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Table(BTreeMap<String, Json>),
}

impl Json {
    /// Reads a document.
    ///
    /// # Errors
    /// Where the text is no JSON or has a key twice; with line and column.
    pub fn read(text: &str) -> Result<Json, String> {
        serde_json::from_str(text).map_err(|e| e.to_string())
    }

    /// The document as JSON with sorted keys and no white space.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The text, where it is one.
    pub fn text(&self, place: &str) -> Answer<&str> {
        match self {
            Json::Text(t) => Ok(t),
            _ => refuse(format!("{place} is no text")),
        }
    }

    /// The list, where it is one.
    pub fn list(&self, place: &str) -> Answer<&[Json]> {
        match self {
            Json::List(all) => Ok(all),
            _ => refuse(format!("{place} is no list")),
        }
    }

    /// The object, where it is one.
    pub fn table(&self, place: &str) -> Answer<&BTreeMap<String, Json>> {
        match self {
            Json::Table(all) => Ok(all),
            _ => refuse(format!("{place} is no object")),
        }
    }
}

/// The decimal that a double is written as, as a fraction.
#[must_use]
pub fn decimal(x: f64) -> Q {
    let text = format!("{x:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let places = digits.split_once('.').map_or(0, |(_, after)| after.len() as i64);
    let whole: IBig = digits.replace('.', "").parse().unwrap_or(IBig::ZERO);
    let power = exponent.parse::<i64>().unwrap_or(0) - places;
    let ten = UBig::from(10u8).pow(power.unsigned_abs() as usize);
    if power >= 0 { Q::from(whole * IBig::from(ten)) } else { Q::from_parts(whole, ten) }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;
    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E: Error>(self, b: bool) -> Result<Json, E> {
        Ok(Json::Flag(b))
    }
    fn visit_i64<E: Error>(self, n: i64) -> Result<Json, E> {
        Ok(Json::Count(n.into()))
    }
    fn visit_u64<E: Error>(self, n: u64) -> Result<Json, E> {
        Ok(Json::Count(n.into()))
    }
    fn visit_f64<E: Error>(self, x: f64) -> Result<Json, E> {
        Ok(Json::Double(x))
    }
    fn visit_str<E: Error>(self, t: &str) -> Result<Json, E> {
        Ok(Json::Text(t.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element()? {
            all.push(one);
        }
        Ok(Json::List(all))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut all = BTreeMap::new();
        while let Some((key, one)) = map.next_entry::<String, Json>()? {
            if all.insert(key.clone(), one).is_some() {
                return Err(A::Error::custom(format!("the key \"{key}\" stands twice in one object")));
            }
        }
        Ok(Json::Table(all))
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => to.serialize_unit(),
            Json::Flag(b) => to.serialize_bool(*b),
            Json::Count(n) => to.serialize_i128(*n),
            Json::Double(x) => to.serialize_f64(*x),
            Json::Text(t) => to.serialize_str(t),
            Json::List(all) => to.collect_seq(all),
            Json::Table(all) => to.collect_map(all),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Json, D::Error> {
        from.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::ratio;

    #[test]
    fn doubles_are_written_as_the_manual_says() {
        for (x, text) in [(1.0, "1.0"), (0.5, "0.5"), (1e-7, "1e-7"), (1e-5, "0.00001"), (1e15, "1000000000000000.0")] {
            assert_eq!(Json::Double(x).canonical(), text);
        }
        for (x, text) in [(1e-6, "1e-6"), (2.5e16, "2.5e+16"), (0.0, "0.0"), (-3.25e-9, "-3.25e-9")] {
            assert_eq!(Json::Double(x).canonical(), text);
        }
        assert_eq!(decimal(0.05), ratio(1, 20));
        assert_eq!(decimal(-2.5e3), ratio(-2500, 1));
    }

    #[test]
    fn keys_are_sorted_and_stand_once() {
        let read = Json::read("{\"b\": [1, 2.5, \"\\u00e9\\n\"], \"B\": null}").unwrap();
        assert_eq!(read.canonical(), "{\"B\":null,\"b\":[1,2.5,\"é\\n\"]}");
        assert!(Json::read("{\"a\": 1, \"a\": 2}").unwrap_err().contains("twice"));
    }
}
