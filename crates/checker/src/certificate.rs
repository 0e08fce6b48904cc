//! Certificates: the document, its digest, and the comparison of what it records with what is computed.

use crate::json::{Json, decimal};
use crate::number::{Num, Q, sign, with_precision};
use crate::part::Part;
use crate::sides::{Sides, sides};
use crate::{Answer, Fault, refuse, unsupported};
use dashu_int::{IBig, UBig};
use sha2::{Digest, Sha256};
use std::cmp::Ordering;

/// What became of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The bound is broken as the certificate says; in words.
    Confirmed(String),
    /// The certificate is wrong; why.
    Refused(String),
    /// What the certificate needs that this checker cannot express.
    Unsupported(String),
    /// The text is no certificate; what was found and what was expected.
    Unreadable(String),
}

/// Significant bits that are tried one after the other.
const PRECISIONS: [usize; 5] = [160, 320, 640, 1280, 2560];

/// Decides a certificate again.
#[must_use]
pub fn check(text: &str) -> Verdict {
    let document = match Json::read(text) {
        Ok(document) => document,
        Err(why) => return Verdict::Unreadable(format!("a certificate is one JSON document: {why}")),
    };
    let format = Json::Text("signcheck-certificate".into());
    match &document {
        Json::Table(map) if map.get("format") == Some(&format) => {}
        _ => return Verdict::Unreadable("\"format\": \"signcheck-certificate\" was expected".into()),
    }
    match decide(&document) {
        Ok(words) => Verdict::Confirmed(words),
        Err(Fault::Refused(why)) => Verdict::Refused(why),
        Err(Fault::Undefined(why)) => Verdict::Refused(format!("an expression has no value: {why}")),
        Err(Fault::Unsupported(why)) => Verdict::Unsupported(why),
        Err(Fault::Open(why)) => {
            Verdict::Unsupported(format!("{why}, also with {} bits", PRECISIONS[PRECISIONS.len() - 1]))
        }
        Err(Fault::TooMany(why)) => Verdict::Unsupported(why),
    }
}

/// The SHA-256 of a document without its key `digest`, in hexadecimal.
#[must_use]
pub fn digest(document: &Json) -> String {
    let mut rest = document.clone();
    if let Json::Table(map) = &mut rest {
        map.remove("digest");
    }
    Sha256::digest(rest.canonical().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One recorded side.
struct Recorded {
    exact: Option<Q>,
    low: Option<Q>,
    high: Option<Q>,
    value: Q,
}

fn double(json: &Json, what: &str) -> Answer<Q> {
    match json {
        // The double itself, not the decimal that it is written as.
        Json::Double(x) => Q::try_from(*x).map_err(|_| Fault::Refused(format!("{what} is not finite"))),
        Json::Count(n) => Ok(Q::from(IBig::from(*n))),
        _ => refuse(format!("{what} is no number")),
    }
}

/// A fraction written as "numerator/denominator" in lowest terms.
fn fraction(text: &str) -> Answer<Q> {
    let wrong = || Fault::Refused(format!("\"{text}\" is no fraction in lowest terms"));
    if text.len() > 1000 {
        return unsupported("a fraction of more than 1000 digits");
    }
    let (n, d) = text.split_once('/').ok_or_else(wrong)?;
    let (n, d) = (n.parse::<IBig>().map_err(|_| wrong())?, d.parse::<UBig>().map_err(|_| wrong())?);
    if d.is_zero() {
        return Err(wrong());
    }
    let q = Q::from_parts(n, d);
    let lowest = format!("{}/{}", q.numerator(), q.denominator());
    if lowest == text { Ok(q) } else { Err(wrong()) }
}

impl Recorded {
    fn read(json: &Json, what: &str) -> Answer<Recorded> {
        let part = Part::of(json, what)?;
        part.only(&["exact", "low", "high", "estimate", "value"])?;
        let exact = part.get("exact").map(|json| fraction(json.text(what)?)).transpose()?;
        let number = |key: &str| part.get(key).map(|json| double(json, what)).transpose();
        let value = if part.get("value").is_some() { "value" } else { "estimate" };
        let side =
            Recorded { exact, low: number("low")?, high: number("high")?, value: double(part.need(value)?, what)? };
        let within = |q: &Q| side.low.as_ref().is_none_or(|l| l <= q) && side.high.as_ref().is_none_or(|h| h >= q);
        if !within(&side.value) || side.exact.as_ref().is_some_and(|q| !within(q)) {
            return refuse(format!("the recorded {what} does not lie between its own ends"));
        }
        Ok(side)
    }

    /// Whether the side that was computed is the recorded one.
    fn agrees(&self, computed: &Num, what: &str) -> Answer<()> {
        let differs = |kind: &str, q: &Q| {
            refuse(format!("the {what} side is {}, recorded is {kind} {:e}", computed.show(), q.to_f64_fast()))
        };
        let open = || Err(Fault::Open(format!("whether the {what} side is the recorded one stays open")));
        if let Some(exact) = &self.exact {
            match computed.order(&Num::from(exact.clone())) {
                Ok(Ordering::Equal) => {}
                Ok(_) => return differs("exactly", exact),
                Err(_) => return open(),
            }
        }
        for (end, outside, beyond) in [
            (
                &self.low,
                self.low.as_ref().is_some_and(|l| computed.hi() < l),
                self.low.as_ref().is_some_and(|l| computed.lo() < l),
            ),
            (
                &self.high,
                self.high.as_ref().is_some_and(|h| computed.lo() > h),
                self.high.as_ref().is_some_and(|h| computed.hi() > h),
            ),
        ] {
            match end {
                Some(end) if outside => return differs("an end", end),
                Some(_) if beyond => return open(),
                _ => {}
            }
        }
        // Between two ends the middle double may be anything: where a range bounds the side it is what a sample says.
        if self.low.is_some() && self.high.is_some() {
            return Ok(());
        }
        let size = |q: &Q| if sign(q) < 0 { -q.clone() } else { q.clone() };
        let slack = size(computed.lo()).max(size(computed.hi())) * decimal(1e-12);
        if self.value < computed.lo() - &slack || self.value > computed.hi() + &slack {
            return differs("near", &self.value);
        }
        Ok(())
    }

    /// The side as the document alone encloses it.
    fn enclosed(&self) -> Num {
        match (&self.exact, &self.low, &self.high) {
            (Some(q), ..) => Num::from(q.clone()),
            (None, Some(low), Some(high)) => Num::enclose(low.clone(), high.clone()),
            _ => Num::from(self.value.clone()),
        }
    }
}

fn decide(document: &Json) -> Answer<String> {
    let part = Part::of(document, "the certificate")?;
    part.only(&["format", "version", "claim", "bound", "outcome", "left", "right", "path", "digest"])?;
    if *part.need("version")? != Json::Count(1) {
        return unsupported("a certificate of another version than 1");
    }
    let found = digest(document);
    if part.text("digest")? != found {
        return refuse(format!("the digest is not that of the document, {found}"));
    }
    if part.text("outcome")? != "violated" {
        return refuse("the outcome of a certificate is \"violated\"");
    }
    part.text("path")?;
    let (claim, bound) = (part.need("claim")?, part.text("bound")?);
    let (left, right) = (Recorded::read(part.need("left")?, "left")?, Recorded::read(part.need("right")?, "right")?);
    let mut open = Fault::Open("nothing was tried".into());
    for bits in PRECISIONS {
        match with_precision(bits, || settle(claim, bound, &left, &right)) {
            Err(Fault::Open(why)) => open = Fault::Open(why),
            Err(fault) => return Err(fault),
            Ok(sides) => {
                let id = Part::of(claim, "claim")?.text("id")?;
                let between = sides.relation.broken(&sides.left, &sides.right);
                return Ok(format!("{id} [{bound}]: {} {between} {}", sides.left.show(), sides.right.show()));
            }
        }
    }
    Err(open)
}

/// Computes the sides, and holds them against each other and against the record.
fn settle(claim: &Json, bound: &str, left: &Recorded, right: &Recorded) -> Answer<Sides> {
    let found = sides(claim, bound)?;
    left.agrees(&found.left, "left")?;
    right.agrees(&found.right, "right")?;
    if !found.broken()? {
        return refuse(format!("the bound is not broken: left {}, right {}", found.left.show(), found.right.show()));
    }
    let recorded = Sides { left: left.enclosed(), right: right.enclosed(), ..found.clone() };
    match recorded.broken() {
        Ok(true) => Ok(found),
        _ => refuse("the recorded sides alone do not show that the bound is broken"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_stand_in_lowest_terms() {
        assert_eq!(fraction("-3/4"), Ok(Q::from_parts((-3).into(), 4u8.into())));
        assert_eq!(fraction("2/1"), Ok(Q::from(2)));
        for text in ["2/4", "3", "1/0", "+1/2", "1/-2", "", "1 /2", "01/2", "0/7"] {
            assert!(fraction(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_root_is_no_recorded_fraction() {
        let side = |text: &str| Recorded::read(&Json::read(text).unwrap(), "right").unwrap();
        let two = Num::int(2).sqrt().unwrap();
        let whole = side("{\"exact\": \"2/1\", \"value\": 2.0}");
        assert_eq!(whole.agrees(&two.power(2), "right"), Ok(()));
        // 577/408 lies within the enclosure of few bits, and is known to be another number.
        let near = side("{\"exact\": \"577/408\", \"value\": 1.4142156862745099}");
        for bits in [8, 160] {
            let root = with_precision(bits, || Num::int(2).sqrt().unwrap());
            assert!(matches!(near.agrees(&root, "right"), Err(Fault::Refused(_))));
            let ends = side("{\"low\": 1.0, \"high\": 2.0, \"estimate\": 1.5}");
            assert_eq!(ends.agrees(&root, "left"), Ok(()));
        }
        let enclosed = Num::enclose(Q::from(1), Q::from(3));
        assert!(matches!(whole.agrees(&enclosed, "right"), Err(Fault::Open(_))));
    }

    #[test]
    fn what_is_no_certificate_is_unreadable() {
        for text in ["", "{", "[]", "{\"format\": \"other\"}", "\"signcheck-certificate\""] {
            assert!(matches!(check(text), Verdict::Unreadable(_)), "{text}");
        }
        assert!(matches!(check("{\"format\": \"signcheck-certificate\"}"), Verdict::Refused(_)));
    }
}
