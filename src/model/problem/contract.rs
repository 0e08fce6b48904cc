//! What every registered problem must satisfy, over a table of instances, and proof that each check can fail.
//!
//! Inequalities are checked at seeded random points in double precision, with a tolerance for rounding that is
//! derived where it stands; identities between arithmetics are checked bit for bit.

mod arithmetic;
mod checks;
mod reached;
mod table;

use checks::{CHECKS, Checked, Subject};
use table::{Case, TABLE};

#[test]
fn every_registered_problem_is_in_the_table() {
    for entry in super::ALL {
        let cases = TABLE.iter().filter(|case| case.problem == entry.name).count();
        assert!(cases > 0, "'{}' has no case in the contract's table", entry.name);
    }
}

#[test]
fn the_registry_names_the_statistics_that_instances_have() {
    for case in TABLE {
        let entry = super::ALL.iter().find(|entry| entry.name == case.problem).unwrap();
        assert_eq!(entry.statistics, case.build().own_statistics(), "{case}");
    }
}

#[test]
fn every_instance_passes_every_check() {
    let mut failures = Vec::new();
    for case in TABLE {
        let subject = Subject::new(case.build());
        for (name, check) in CHECKS {
            match check(&subject, case) {
                Ok(Checked::Points(_)) => {}
                Ok(Checked::Skipped(why)) => println!("{case}: {name}: skipped, {why}"),
                Err(why) => failures.push(format!("{case}: {name}: {why}")),
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_check_runs_somewhere() {
    for (name, check) in CHECKS {
        let runs = |case: &&Case| matches!(check(&Subject::new(case.build()), case), Ok(Checked::Points(n)) if n > 0);
        assert!(TABLE.iter().any(|case| runs(&case)), "'{name}' is skipped on all instances");
    }
}

/// A problem, what is spoilt in its first instance, and which check must notice.
type Spoilt = (&'static str, Box<dyn Fn(&mut Subject)>, &'static str);

#[test]
fn every_check_notices_what_it_is_for() {
    let scaled = |name: &'static str, factor: f64| {
        move |subject: &mut Subject| {
            let fact = subject.facts.get(name).unwrap().clone();
            subject.facts.set(name, crate::model::Real::Float(fact.value.to_f64() * factor), fact.known);
        }
    };
    let spoil: Vec<Spoilt> = vec![
        ("two-line-squares", Box::new(scaled("L", 1.1)), "L is reached"),
        ("cosine", Box::new(scaled("Linf", 1.1)), "L_inf is reached"),
        ("quadratic", Box::new(scaled("L", 0.9)), "smoothness in l2"),
        ("quadratic", Box::new(scaled("Linf", 0.9)), "smoothness in l_inf"),
        ("quadratic", Box::new(scaled("mu", 1.1)), "PL inequality in l2"),
        ("two-line-squares", Box::new(scaled("mu1", 1.1)), "PL inequality in l1"),
        ("quadratic", Box::new(scaled("L1", 0.9)), "coordinate-wise smoothness"),
        (
            "quadratic",
            Box::new(|s| s.coordinate.iter_mut().flatten().for_each(|l| *l *= 0.9)),
            "coordinate-wise smoothness",
        ),
        ("log-cosh", Box::new(scaled("rho", 0.8)), "Hessian's Lipschitz constant"),
        ("huber", Box::new(scaled("G", 0.9)), "bound on the gradient"),
        ("worker-squares", Box::new(scaled("fstar", 1.1)), "lowest value"),
        ("worker-squares", Box::new(scaled("fstar", 0.9)), "lowest value"),
        ("worker-squares", Box::new(scaled("gap_median", 1.1)), "median gap"),
        ("cosine", Box::new(|s| s.convex = Some(true)), "convexity"),
        ("quadratic", Box::new(|s| s.convex = Some(false)), "convexity"),
        ("wilson", Box::new(|s| s.mean_factor = Some(1.0)), "sample gradients"),
        ("quadratic", Box::new(|s| s.shift_gradient = 1e-3), "gradient"),
        ("worker-squares", Box::new(|s| s.shift_gradient = 1e-3), "worker gradients"),
        ("linear", Box::new(|s| s.shift_projection = 1e-3), "projection"),
        ("quadratic", Box::new(|s| s.shift_flow = 1e-3), "flows"),
        ("quadratic", Box::new(|s| s.shift_wide = f64::EPSILON), "lanes"),
        ("quadratic", Box::new(|s| s.shift_wide = f64::EPSILON), "exact arithmetic"),
        ("quadratic", Box::new(|s| s.shift_wide = 1e-9), "enclosures"),
    ];
    for (name, change, check) in &spoil {
        let case = TABLE.iter().find(|case| case.problem == *name).unwrap();
        let run = CHECKS.iter().find(|(n, _)| n == check).unwrap().1;
        let mut subject = Subject::new(case.build());
        subject.mean_factor = case.mean_factor;
        assert!(matches!(run(&subject, case), Ok(Checked::Points(_))), "{case}: {check} does not pass unspoilt");
        change(&mut subject);
        assert!(run(&subject, case).is_err(), "{case}: {check} does not notice");
    }
    for (name, _) in CHECKS {
        assert!(spoil.iter().any(|(_, _, check)| check == name), "nothing spoils '{name}'");
    }
}
