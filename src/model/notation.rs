//! Values of parameters as texts, as on a command line: `3/10`, `1,2,3`, `1,2;3,4`, `top-k(k=2)`.

use super::{BuildError, Kind, ParamSpec, ParamValue, Params, Real, Registry, nearest};
use crate::scalar::Rational;

impl Params {
    /// The parameters of a part from their texts; one without a text has its default, as in a claim file.
    ///
    /// # Errors
    /// A required parameter without a text, a text that is no value of its parameter, a number outside its range.
    pub fn from_texts<'t>(
        registry: &Registry,
        specs: &'static [ParamSpec],
        text: &dyn Fn(&str) -> Option<&'t str>,
    ) -> Result<Params, BuildError> {
        let mut params = Params { workers: 1, ..Params::default() };
        for spec in specs {
            let text = match (text(spec.name), spec.default) {
                (Some(text), _) => text,
                (None, Some("")) => continue,
                (None, Some(default)) => default,
                (None, None) => {
                    return Err(BuildError::about(spec.name, format!("'{}' is missing: {}", spec.name, spec.doc)));
                }
            };
            let value = read(registry, spec, text)?;
            spec.check(&value)?;
            params.values.insert(spec.name, value);
        }
        Ok(params)
    }
}

/// The value that a text stands for.
fn read(registry: &Registry, spec: &ParamSpec, text: &str) -> Result<ParamValue, BuildError> {
    let refuse = |message: String| BuildError::about(spec.name, message);
    let number = |text: &str, usage: &str| -> Result<Real, BuildError> {
        let number: Result<Rational, _> = text.parse();
        number.map(Real::Exact).map_err(|e| refuse(format!("{e}{usage}")))
    };
    let list = |text: &str, usage: &str| text.split(',').map(|n| number(n, usage)).collect::<Result<Vec<Real>, _>>();
    let unknown = |what: &str, name: &str, all: &[&str]| {
        let near = nearest(name, all.iter().copied()).map(|near| format!(" (did you mean '{near}'?)"));
        refuse(format!("there is no {what} '{name}'{}; there are {}", near.unwrap_or_default(), all.join(", ")))
    };
    match spec.kind {
        Kind::Number | Kind::Count => number(text, "").map(ParamValue::Number),
        // One number stands for all entries, as in a claim file.
        Kind::Vector if !text.contains(',') => number(text, "; several are separated by ','").map(ParamValue::Number),
        Kind::Vector => list(text, "; numbers are separated by ','").map(ParamValue::Vector),
        Kind::Matrix => {
            let usage = "; rows are separated by ';', their numbers by ','";
            text.split(';').map(|row| list(row, usage)).collect::<Result<_, _>>().map(ParamValue::Matrix)
        }
        Kind::Word(words) if words.contains(&text) => Ok(ParamValue::Text(text.into())),
        Kind::Word(words) => Err(unknown("word", text, words)),
        Kind::Text => Ok(ParamValue::Text(text.into())),
        Kind::Schedule => Err(refuse(format!("'{}' changes from step to step: give it in a claim file", spec.name))),
        Kind::Compressor => {
            let part = Part::read(text).map_err(refuse)?;
            let all = || registry.compressors().map(|e| e.name).collect::<Vec<_>>();
            let entry = registry.compressor(part.name).map_err(|_| unknown("compressor", part.name, &all()))?;
            let own = part.params(registry, entry.params).map_err(refuse)?;
            Ok(ParamValue::Compressor(entry, own))
        }
        Kind::Noise => {
            let part = Part::read(text).map_err(refuse)?;
            let all = || registry.noises().map(|e| e.name).collect::<Vec<_>>();
            let entry = registry.noise(part.name).map_err(|_| unknown("noise law", part.name, &all()))?;
            part.params(registry, entry.params).map(ParamValue::Noise).map_err(refuse)
        }
    }
}

/// A part with its settings: `name` or `name(key=value, ..)`.
struct Part<'t> {
    name: &'t str,
    settings: Vec<(&'t str, String)>,
}

impl<'t> Part<'t> {
    fn read(text: &'t str) -> Result<Self, String> {
        let usage = || format!("'{text}' is no part: write a name, or name(key=value, ..) as in top-k(k=2)");
        let Some((name, rest)) = text.split_once('(') else {
            return Ok(Part { name: text.trim(), settings: Vec::new() });
        };
        let inside = rest.trim_end().strip_suffix(')').ok_or_else(usage)?;
        let mut settings: Vec<(&str, String)> = Vec::new();
        for piece in inside.split(',').filter(|_| !inside.trim().is_empty()) {
            match (piece.split_once('='), settings.last_mut()) {
                (Some((key, value)), _) => settings.push((key.trim(), value.trim().into())),
                // A comma within a value.
                (None, Some((_, value))) => *value += &format!(",{piece}"),
                (None, None) => return Err(usage()),
            }
        }
        Ok(Part { name: name.trim(), settings })
    }

    /// Its parameters; an error names the part.
    fn params(&self, registry: &Registry, specs: &'static [ParamSpec]) -> Result<Params, String> {
        let name = self.name;
        for (i, (key, _)) in self.settings.iter().enumerate() {
            if !specs.iter().any(|spec| spec.name == *key) {
                let names: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
                let has = if names.is_empty() { "none".into() } else { names.join(", ") };
                return Err(format!("'{name}' has no parameter '{key}'; it has {has}"));
            }
            if self.settings[..i].iter().any(|(earlier, _)| earlier == key) {
                return Err(format!("'{name}' has '{key}' twice"));
            }
        }
        let text = |key: &str| self.settings.iter().find(|(k, _)| *k == key).map(|(_, value)| value.as_str());
        Params::from_texts(registry, specs, &text).map_err(|e| format!("{name}: {e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Limits;

    const fn spec(name: &'static str, kind: Kind, default: Option<&'static str>) -> ParamSpec {
        ParamSpec { name, kind, default, limits: Limits::NON_NEGATIVE, doc: "for the test" }
    }

    static SPECS: &[ParamSpec] = &[
        spec("count", Kind::Count, None),
        spec("list", Kind::Vector, Some("1/2")),
        spec("rows", Kind::Matrix, Some("")),
        spec("word", Kind::Word(&["one", "two"]), Some("one")),
        spec("part", Kind::Compressor, Some("sign")),
        spec("noise", Kind::Noise, Some("")),
    ];

    fn given(texts: &[(&str, &'static str)]) -> Result<Params, BuildError> {
        let text = |name: &str| texts.iter().find(|(n, _)| *n == name).map(|(_, text)| *text);
        Params::from_texts(&Registry::standard(), SPECS, &text)
    }

    fn numbers(list: &[i64]) -> Vec<Real> {
        list.iter().copied().map(Real::integer).collect()
    }

    #[test]
    fn texts_and_defaults_by_hand() {
        let found = given(&[("count", "3")]).unwrap();
        assert_eq!((found.count("count").unwrap(), found.text("word").unwrap()), (3, "one"));
        assert_eq!(found.list("list").unwrap(), [Real::Exact("1/2".parse().unwrap())]);
        assert!(!found.has("rows") && !found.has("noise"));
        assert!(matches!(&found.values["part"], ParamValue::Compressor(entry, _) if entry.name == "sign"));

        let texts = [("count", "0"), ("list", "1, 2,0"), ("rows", "1,2; 3,4"), ("part", "k-pca( k=2 ,rows = 3 )")];
        let found = given(&[&texts[..], &[("noise", "gaussian(scale=1,2)")]].concat()).unwrap();
        assert_eq!(found.list("list").unwrap(), numbers(&[1, 2, 0]));
        assert_eq!(found.matrix("rows").unwrap(), [numbers(&[1, 2]), numbers(&[3, 4])]);
        let ParamValue::Compressor(entry, own) = &found.values["part"] else { panic!("no compressor") };
        assert_eq!((entry.name, own.count("k").unwrap(), own.count("rows").unwrap()), ("k-pca", 2, 3));
        let ParamValue::Noise(own) = &found.values["noise"] else { panic!("no noise law") };
        assert_eq!(own.list("scale").unwrap(), numbers(&[1, 2]));
    }

    #[test]
    fn slips_name_their_parameter_and_what_is_accepted() {
        for (name, text, told) in [
            ("count", "1/2", "'count' is 1/2; it must be a whole number, 0 or more"),
            ("count", "", "'' is not an exact number"),
            ("list", "1,-1", "'list' has the entry -1; it must be 0 or more"),
            ("list", "1;2", "several are separated by ','"),
            ("rows", "1;;2", "rows are separated by ';'"),
            ("word", "tow", "(did you mean 'two'?); there are one, two"),
            ("part", "top-l", "(did you mean 'top-k'?); there are identity, sign"),
            ("part", "top-k", "top-k: 'k' is missing: entries kept"),
            ("part", "top-k(k=0)", "top-k: 'k' is 0; it must be a whole number, 1 or more"),
            ("part", "top-k(k=1, k=2)", "'top-k' has 'k' twice"),
            ("part", "top-k(l=1)", "'top-k' has no parameter 'l'; it has k"),
            ("part", "top-k(2)", "name(key=value, ..)"),
            ("part", "top-k(k=2", "name(key=value, ..)"),
            ("part", "sign(k=2)", "it has none"),
            ("noise", "normal", "there is no noise law 'normal'"),
        ] {
            let texts = if name == "count" { vec![(name, text)] } else { vec![("count", "1"), (name, text)] };
            let error = given(&texts).expect_err(text);
            assert!(error.key == Some(name) && error.message.contains(told), "{text}: {error}");
        }
        assert!(given(&[]).unwrap_err().message.contains("'count' is missing"));
    }

    #[test]
    fn defaults_of_quantities_and_compressors_can_be_read() {
        let registry = Registry::standard();
        let of_quantities = registry.quantities().flat_map(|e| e.params);
        for spec in of_quantities.chain(registry.compressors().flat_map(|e| e.params)) {
            if let Some(default) = spec.default.filter(|default| !default.is_empty()) {
                let value = read(&registry, spec, default).unwrap_or_else(|e| panic!("{}: {e}", spec.name));
                spec.check(&value).unwrap_or_else(|e| panic!("{e}"));
            }
        }
    }
}
