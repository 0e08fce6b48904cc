//! The JSON Schema of a claim file and the field reference, from the same tables that the reader uses.

use super::fields::{Field, SECTIONS, Shape, section};
use crate::model::{FACTS, HYPOTHESES, Kind, ParamSpec, Registry, STATISTICS};
use serde_json::{Map, Value, json};

/// The JSON Schema (draft 2020-12) of a claim file.
#[must_use]
pub(crate) fn json_schema(registry: &Registry) -> Value {
    let mut schema = object("", registry);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "signcheck claim file, format 1".into();
    schema
}

fn object(name: &str, registry: &Registry) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in section(name).fields {
        let mut value = shape(field.shape, registry);
        value["description"] = field.doc.into();
        properties.insert(field.key.into(), value);
        if field.required {
            required.push(Value::from(field.key));
        }
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn expression() -> Value {
    json!({"type": ["number", "string"]})
}

fn shape(shape: Shape, registry: &Registry) -> Value {
    match shape {
        Shape::Text => json!({"type": "string"}),
        Shape::Word(words) => json!({"enum": words}),
        Shape::Number | Shape::Expression | Shape::Left => expression(),
        Shape::Texts => json!({"type": ["array", "string"], "items": {"type": "string"}}),
        Shape::Pair => json!({"type": "array", "items": expression(), "minItems": 2, "maxItems": 2}),
        Shape::Section(name) => object(name, registry),
        Shape::Sections(name) => json!({"type": "array", "items": object(name, registry)}),
        Shape::Change => json!({"type": "object"}),
        Shape::Parameters => {
            json!({"type": "object", "additionalProperties": {"type": ["number", "string", "array", "object"], "items": expression()}})
        }
        Shape::Units => {
            json!({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}})
        }
        Shape::Ranges => {
            let pair = json!({"type": "array", "items": expression(), "minItems": 2, "maxItems": 2});
            json!({"type": "object", "additionalProperties": pair})
        }
        Shape::Lists => {
            let list = json!({"type": "array", "items": expression(), "minItems": 1});
            json!({"type": "object", "additionalProperties": list})
        }
        Shape::Problem => {
            let start = json!({"type": ["number", "string", "array", "object"], "description": "x_0: coordinates, one number for all, an expression in j, or a law"});
            one_of(
                registry.problems().map(|e| part("name", e.name, e.summary, e.params, Some(("start", start.clone())))),
            )
        }
        Shape::Algorithm => one_of(registry.algorithms().map(|e| part("name", e.name, e.summary, e.params, None))),
        Shape::Quantity => one_of(registry.quantities().map(|e| {
            let outputs: Vec<&str> = e.outputs.iter().map(|o| o.name).collect();
            let summary = format!("{}. Outputs: {}", e.summary, outputs.join(", "));
            part("name", e.name, &summary, e.params, None)
        })),
        Shape::Noise => {
            let laws = registry.noises().map(|e| part("law", e.name, e.summary, e.params, None));
            one_of(std::iter::once(json!({"const": "none"})).chain(laws))
        }
        Shape::Replicates => {
            json!({"type": ["integer", "object"], "properties": {"quick": {"type": "integer"}, "full": {"type": "integer"}}, "additionalProperties": false})
        }
        Shape::Blocks => json!({"type": ["array", "string"], "items": {"type": "integer"}}),
    }
}

fn one_of(parts: impl Iterator<Item = Value>) -> Value {
    json!({"oneOf": parts.collect::<Vec<_>>()})
}

fn part(key: &str, name: &str, summary: &str, params: &[ParamSpec], extra: Option<(&str, Value)>) -> Value {
    let mut properties = Map::new();
    properties.insert(key.into(), json!({"const": name}));
    let mut required = vec![Value::from(key)];
    for param in params {
        let mut value = match param.kind {
            Kind::Number | Kind::Count | Kind::Schedule => expression(),
            Kind::Vector => json!({"type": ["number", "string", "array"], "items": expression()}),
            Kind::Matrix => json!({"type": "array", "items": {"type": "array", "items": expression()}}),
            Kind::Word(words) => json!({"enum": words}),
            Kind::Text => json!({"type": "string"}),
            Kind::Compressor | Kind::Noise => json!({"type": ["string", "object"]}),
        };
        for (key, end) in param.limits.to_schema() {
            if value.get("items").is_some() {
                value["items"][key] = end.clone();
            }
            value[key] = end;
        }
        value["description"] = param.doc.into();
        properties.insert(param.name.into(), value);
        if param.default.is_none() {
            required.push(param.name.into());
        }
    }
    if let Some((key, value)) = extra {
        properties.insert(key.into(), value);
    }
    json!({"type": "object", "description": summary, "properties": properties, "required": required, "additionalProperties": false})
}

/// The field reference as Markdown.
#[must_use]
pub(crate) fn reference(registry: &Registry) -> String {
    let mut text = String::from(
        "# Claim files, format 1\n\nGenerated by `signcheck schema --reference`. Numbers are exact decimals or \
         fractions; an expression is a text over declared parameters and facts with + - * / ^, sqrt, ln, log2, exp, \
         abs, sgn, min, max, floor, ceil, sin, cos.\n",
    );
    for section in SECTIONS {
        let title = if section.name.is_empty() { "The file".to_string() } else { format!("`[{}]`", section.name) };
        text += &format!("\n## {title}\n\n| key | takes | |\n| --- | --- | --- |\n");
        for field in section.fields {
            text += &row(field);
        }
    }
    text += &parts("Problems", registry.problems().map(|e| (e.name, e.summary, e.params)));
    text += &parts("Noise laws", registry.noises().map(|e| (e.name, e.summary, e.params)));
    text += &parts("Algorithms", registry.algorithms().map(|e| (e.name, e.summary, e.params)));
    text += &parts("Compressors", registry.compressors().map(|e| (e.name, e.summary, e.params)));
    text += &parts("Quantities", registry.quantities().map(|e| (e.name, e.summary, e.params)));
    text += "\n## Outputs of quantities\n\nWhat `left` and `right` of a claim on a quantity may name.\n\n| quantity | output | meaning |\n| --- | --- | --- |\n";
    for entry in registry.quantities() {
        for output in entry.outputs {
            text += &format!("| `{}` | `{}` | {} |\n", entry.name, output.name, escape(output.doc));
        }
    }
    text += "\n## Statistics\n\n| name | meaning |\n| --- | --- |\n";
    for statistic in STATISTICS {
        text += &format!("| `{}` | {} |\n", statistic.name, escape(statistic.doc));
    }
    text += "| `x1`, `x2`, .. | coordinates of x_k |\n| `error_l2`, `momentum_l1`, .. | norms of the algorithm's memory |\n| `momentum_miss_l1`, .. | distance of the memory to grad f(x_(k-1)), that of `signum` and `signsgdm` divided by the weight of all gradients in it; from k = 1 |\n";
    for own in registry.own_statistics() {
        text += &format!("| `{}` | {} |\n", own.name, escape(own.doc));
    }
    text += "\n## Facts\n\n| name | meaning |\n| --- | --- |\n";
    for fact in FACTS {
        text += &format!("| `{}` | {} |\n", fact.name, escape(fact.doc));
    }
    text += "\n## Hypotheses\n\n| name | meaning |\n| --- | --- |\n";
    for hypothesis in HYPOTHESES {
        text += &format!("| `{}` | {} |\n", hypothesis.name, escape(hypothesis.doc));
    }
    text
}

/// A vertical bar would end a table's cell.
fn escape(text: &str) -> String {
    text.replace('|', "\\|")
}

fn row(field: &Field) -> String {
    let takes = match field.shape {
        Shape::Text => "text".into(),
        Shape::Word(words) => words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", "),
        Shape::Number => "number".into(),
        Shape::Expression => "expression".into(),
        Shape::Left => "left side".into(),
        Shape::Texts => "list of texts".into(),
        Shape::Pair => "two expressions".into(),
        Shape::Section(name) => format!("table, see `[{name}]`"),
        Shape::Sections(name) => format!("tables `[[{name}]]`"),
        Shape::Change => "table laid over the file".into(),
        Shape::Parameters => "names with numbers, expressions, lists, or one of these a profile".into(),
        Shape::Units => "names with two powers".into(),
        Shape::Ranges => "names with two numbers".into(),
        Shape::Lists => "names with lists of numbers".into(),
        Shape::Problem => "a problem".into(),
        Shape::Algorithm => "an algorithm".into(),
        Shape::Quantity => "a quantity".into(),
        Shape::Noise => "a noise law".into(),
        Shape::Replicates => "number, or `{ quick, full }`".into(),
        Shape::Blocks => "`\"whole\"`, or sizes".into(),
    };
    let star = if field.required { " (required)" } else { "" };
    format!("| `{}`{star} | {takes} | {} |\n", field.key, escape(field.doc))
}

fn parts<'a>(title: &str, entries: impl Iterator<Item = (&'a str, &'a str, &'static [ParamSpec])>) -> String {
    let mut text = format!("\n## {title}\n\n| name | what | parameters |\n| --- | --- | --- |\n");
    for (name, summary, params) in entries {
        let params: Vec<String> = params
            .iter()
            .map(|p| {
                let given = match p.default {
                    None => String::new(),
                    Some("") => " (optional)".into(),
                    Some(default) => format!(" (default `{default}`)"),
                };
                let limits = if p.limits.is_any() { String::new() } else { format!("; {}", p.limits) };
                format!("`{}`{given}: {}{limits}", p.name, escape(p.doc))
            })
            .collect();
        text += &format!("| `{name}` | {} | {} |\n", escape(summary), params.join("<br>"));
    }
    text
}
