//! Parameters that differ between profiles: `n = { quick = 20_000, full = 400_000 }`.

use super::Diagnostic;
use super::tree::{Node, Table, Value};

/// The profiles, the first of which stands in for one that a parameter leaves out.
const PROFILES: [&str; 2] = ["quick", "full"];

/// Replaces every parameter that is given by profile, in the file and in its changes, by that profile's value.
///
/// # Errors
/// One diagnostic for each unknown profile, and for each parameter without a `quick` value.
pub(super) fn choose(tree: &mut Table, profile: &str) -> Result<(), Vec<Diagnostic>> {
    let mut errors = Vec::new();
    visit(tree, profile, &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn visit(table: &mut Table, profile: &str, errors: &mut Vec<Diagnostic>) {
    for entry in &mut table.entries {
        match &mut entry.node.value {
            Value::Table(inner) if entry.key == "parameters" => {
                for parameter in &mut inner.entries {
                    choose_one(&parameter.key, &mut parameter.node, profile, errors);
                }
            }
            Value::Table(inner) => visit(inner, profile, errors),
            Value::List(items) => {
                for item in items {
                    if let Value::Table(inner) = &mut item.value {
                        visit(inner, profile, errors);
                    }
                }
            }
            _ => {}
        }
    }
}

fn choose_one(name: &str, node: &mut Node, profile: &str, errors: &mut Vec<Diagnostic>) {
    let Value::Table(choices) = &node.value else { return };
    for entry in choices.entries.iter().filter(|e| !PROFILES.contains(&e.key.as_str())) {
        let error = Diagnostic::new(entry.key_span.clone(), format!("unknown profile '{}'", entry.key));
        errors.push(error.did_you_mean(&entry.key, PROFILES.into_iter()));
    }
    match choices.get(profile).or_else(|| choices.get(PROFILES[0])) {
        Some(chosen) => *node = chosen.clone(),
        None => {
            let error = Diagnostic::new(node.span.clone(), format!("'{name}' has no value for the profile 'quick'"));
            errors.push(error.help("write { quick = .., full = .. }"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::parse;
    use super::*;

    #[test]
    fn each_profile_has_its_values_in_the_file_and_in_its_changes() {
        let text = "[parameters]\nn = { quick = 2, full = [3, 4] }\nm = { quick = 5 }\nk = 6\n\
                    [[case]]\nname = 'a'\nchange = { parameters = { n = { quick = 7, full = 8 } } }\n";
        for (profile, same) in [
            ("quick", "[parameters]\nn = 2\nm = 5\nk = 6\n[[case]]\nname='a'\nchange = { parameters = { n = 7 } }\n"),
            (
                "full",
                "[parameters]\nn = [3, 4]\nm = 5\nk = 6\n[[case]]\nname='a'\nchange = { parameters = { n = 8 } }\n",
            ),
        ] {
            let mut tree = parse(text).unwrap();
            choose(&mut tree, profile).unwrap();
            assert_eq!(tree.canonical(), parse(same).unwrap().canonical(), "{profile}");
        }
    }

    #[test]
    fn unknown_profiles_and_missing_values_are_reported() {
        let mut tree = parse("[parameters]\nn = { quik = 2 }\n").unwrap();
        let errors = choose(&mut tree, "quick").unwrap_err();
        assert_eq!(errors.len(), 2);
        assert!(errors[0].message.contains("quik") && errors[1].message.contains("'n'"));
    }
}
