//! Tests of the whole room: what a text means, what it is refused for, and how long that takes.

use super::*;
use crate::scalar::{Fault, Narrow, Scalar, Wide};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

fn parse(text: &str) -> Expr {
    Expr::parse(text).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

/// A tree whose symbols are the names themselves.
fn resolved(expr: &Expr) -> Expr<String, Builtin> {
    expr.resolve(&mut |name, _| Ok(name.to_owned())).unwrap_or_else(|e| panic!("{expr}: {e:?}"))
}

fn q(text: &str) -> Rational {
    text.parse().unwrap()
}

/// Values for names, from pairs.
fn with<'a>(bindings: &'a [(&'a str, &'a str)]) -> impl Fn(&String) -> Result<Rational, Fault> + 'a {
    |name| match bindings.iter().find(|(known, _)| *known == name) {
        Some((_, value)) => Ok(q(value)),
        None => Err(Fault::Unsupported(format!("unknown name '{name}'"))),
    }
}

fn no_names<S>(name: &String) -> Result<S, Fault> {
    Err(Fault::Unsupported(format!("unknown name '{name}'")))
}

fn exact(text: &str) -> Result<Rational, EvalError> {
    resolved(&parse(text)).eval::<Rational>(&with(&[]))
}

fn double(text: &str) -> f64 {
    resolved(&parse(text)).eval_f64(&no_names::<f64>).unwrap()
}

#[test]
fn operators_group_as_in_mathematics() {
    // reference: CPython 3.11.7, the same text with ** for ^ and every literal a fractions.Fraction
    for (text, expected) in [
        ("-2^2", "-4"),
        ("2^3^2", "512"),
        ("2^-3", "1/8"),
        ("1/4", "1/4"),
        ("7-2-1", "4"),
        ("64/4/2", "8"),
        ("2^-1^2", "1/2"),
        ("-2^-2", "-1/4"),
        ("2*-3^2", "-18"),
        ("--3", "3"),
        ("5--3", "8"),
        ("(1+2)*3^2-4/8", "53/2"),
        ("0.1+0.2", "3/10"),
        ("1.5e-3*2E+3", "3"),
    ] {
        assert_eq!(exact(text).unwrap(), q(expected), "{text}");
    }
}

#[test]
fn bounds_of_the_papers_have_their_exact_values() {
    // reference: CPython 3.11.7 with fractions.Fraction, except where a derivation stands
    for (text, bindings, expected) in [
        // contraction factor of li2021/theorem-1 on pl-toy
        ("1-2*mu*a*(1-L*a/2)", &[("mu", "1/32"), ("a", "1/20"), ("L", "8")][..], "399/400"),
        // right side of li2021/theorem-2-2
        (
            "9*L*s^2/(mu^2*(2*p-1)^2)*(32/k+1/k^2)+V0/(k+1)^3",
            &[("L", "2"), ("s", "1/2"), ("mu", "1/3"), ("p", "3/4"), ("k", "5"), ("V0", "7/2")],
            "11267599/10800",
        ),
        ("2*D/(T*d)+2*L*d*s", &[("D", "3"), ("T", "16"), ("d", "1/8"), ("L", "5"), ("s", "2/3")], "23/6"),
        // bernstein2018/theorem-1: (2*(3 + 1/2) + 2)/4 = 9/4
        ("(sqrt(L1)*(D+1/2)+2*s)/sqrt(K)", &[("L1", "4"), ("D", "3"), ("s", "1"), ("K", "16")], "9/4"),
        // the step size of sun2023/theorem-1 at T = 16, L = 2: 1/(2*16^(3/4)) = 1/16
        ("1/(L*T^(3/4))", &[("L", "2"), ("T", "16")], "1/16"),
        // and of sun2023/theorem-2 at T = 128: 128^(5/7) = 2^5
        ("1/(max(sqrt(rho), L)*T^(5/7))", &[("rho", "9"), ("L", "2"), ("T", "128")], "1/96"),
        // chen2020/theorem-2's step: the minimum of 1/sqrt(64) and 1/(2*5)
        ("min(1/sqrt(T*d), 1/(2*L))", &[("T", "32"), ("d", "2"), ("L", "5")], "1/10"),
        // bits of bernstein2018/table-1 for M = 4 workers would be 2 + log2(9); at 2M + 1 -> 2^3 they are 5
        ("2+log2(n)", &[("n", "8")], "5"),
    ] {
        assert_eq!(resolved(&parse(text)).eval::<Rational>(&with(bindings)).unwrap(), q(expected), "{text}");
    }
}

#[test]
fn functions_are_exact_where_they_can_be() {
    // exact: roots of squares, ln 1, e^0, sin 0, cos 0, powers of two, neighbours of halves
    for (text, expected) in [
        ("sqrt(9/4)", "3/2"),
        ("ln(1)", "0"),
        ("exp(0)", "1"),
        ("sin(0)", "0"),
        ("cos(0)", "1"),
        ("log2(1/1024)", "-10"),
        ("log2(1)", "0"),
        ("abs(-3/2)", "3/2"),
        ("sgn(-3/2) + 5*sgn(0) + 7*sgn(1/9)", "6"),
        ("min(3, 1/2, 2)", "1/2"),
        ("max(-3, -1/2, -2)", "-1/2"),
        ("floor(-1/2)", "-1"),
        ("ceil(-1/2)", "0"),
        ("ceil(1/2)", "1"),
        ("floor(7)", "7"),
        ("ceil(7)", "7"),
        ("0^0", "1"),
    ] {
        assert_eq!(exact(text).unwrap(), q(expected), "{text}");
        assert_eq!(double(text), q(expected).to_f64(), "{text} in doubles");
    }
}

#[test]
fn what_has_no_exact_value_says_which_part() {
    for (text, fault, part) in [
        ("1 + sqrt(2)", Fault::NoExactForm("an irrational root"), "sqrt(2)"),
        ("1/(2 - 1 - 1)", Fault::DivisionByZero, "1/(2 - 1 - 1)"),
        ("3*ln(2)", Fault::NoExactForm("a logarithm"), "ln(2)"),
        ("log2(3)", Fault::NoExactForm("a logarithm"), "log2(3)"),
        ("log2(-2)", Fault::Domain("a logarithm"), "log2(-2)"),
        ("log2(0)", Fault::Domain("a logarithm"), "log2(0)"),
        ("1 + (-4)^(1/2)", Fault::Domain("a root"), "(-4)^(1/2)"),
        ("0^-1", Fault::DivisionByZero, "0^-1"),
        ("2*K", Fault::Unsupported("unknown name 'K'".into()), "K"),
    ] {
        let error = exact(text).unwrap_err();
        assert_eq!((&error.fault, error.text.as_str()), (&fault, part), "{text}");
        assert_eq!(&text[error.span], part, "{text}");
    }
}

#[test]
fn what_is_no_built_in_function_does_not_resolve() {
    for (text, message, part) in [
        ("2 + min(1)", "min takes 2 or more arguments, found 1", "min(1)"),
        ("-sqrt()", "sqrt takes 1 argument, found 0", "sqrt()"),
        ("1/g(1)", "'g' is no function that can be evaluated here", "g(1)"),
    ] {
        let error = parse(text).resolve(&mut |name, _| Ok(name.to_owned())).unwrap_err();
        assert_eq!((error.message.as_str(), &text[error.span]), (message, part), "{text}");
    }
}

#[test]
fn a_resolved_tree_asks_each_name_once_at_its_place() {
    let text = "sqrt*a + sqrt(a)";
    let mut asked = Vec::new();
    let mut symbol = |name: &str, span: &Range<usize>| {
        asked.push((name.to_owned(), text[span.clone()].to_owned()));
        // A function's name before no parenthesis is a name as any other.
        Ok::<_, ExprError>(if name == "sqrt" { 10i64 } else { 4 })
    };
    let tree = parse(text).resolve(&mut symbol).unwrap();
    let twice = |name: &str| (name.to_owned(), name.to_owned());
    assert_eq!(asked, [twice("sqrt"), twice("a"), twice("a")]);
    // exact: 10 * 4 + 2
    let value = tree.eval::<Rational>(&|symbol: &i64| Ok(Rational::integer(*symbol))).unwrap();
    assert_eq!(value, Rational::integer(42));
    assert_eq!((tree.symbols(), tree.mentions(&4), tree.mentions(&5)), (vec![&10, &4, &4], true, false));
    assert_eq!((tree.as_symbol(), parse("(a)").as_symbol()), (None, Some(&"a".to_owned())));
}

#[test]
fn doubles_follow_ieee_and_come_back_as_they_are() {
    // exact by IEEE 754: 0.1 + 0.2 rounds up, 1/0 and -1/0 are infinite, the root of -1 and 0/0 are NaN
    assert_eq!(double("0.1+0.2"), 0.300_000_000_000_000_04);
    assert_eq!(double("1/0"), f64::INFINITY);
    assert_eq!(double("-1/0"), f64::NEG_INFINITY);
    assert_eq!(double("9^9^9^9"), f64::INFINITY);
    assert_eq!(double("2^-1074"), 5e-324);
    assert_eq!(double("1e400"), f64::INFINITY);
    for nan in ["sqrt(-1)", "0/0", "min(1, 0/0)", "min(0/0, 1)", "max(1, sqrt(-1), 2)", "(-8)^(1/3)", "log2(-1)"] {
        assert!(double(nan).is_nan(), "{nan}");
    }
    // limits: a pole at 0, and infinity to itself
    assert_eq!(double("log2(0)"), f64::NEG_INFINITY);
    assert_eq!(double("log2(1/0)"), f64::INFINITY);
}

#[test]
fn log2_of_a_power_of_two_is_an_integer_in_every_arithmetic() {
    // exact: log2(2^n) = n
    for n in -300..=300 {
        let text = format!("log2(2^{n})");
        assert_eq!(double(&text), f64::from(n), "{text}");
        assert_eq!(exact(&text).unwrap(), Rational::integer(i64::from(n)), "{text}");
    }
    // reference: CPython 3.11.7, math.log2(9) = 3.169925001442312; two roundings of a quotient of logarithms
    assert!((double("log2(9)") - 3.169_925_001_442_312).abs() <= 2.0 * f64::EPSILON * 3.2);
}

#[test]
fn each_lane_has_its_own_value() {
    // exact: min(k, 3)^2 + 1 lane by lane, with NaN kept in its lane
    let mut k = Wide::splat(0.0);
    for (i, v) in k.0.iter_mut().enumerate() {
        *v = i as f64;
    }
    k.0[5] = f64::NAN;
    let value = resolved(&parse("min(3, k)^2 + 1")).eval::<Wide>(&|_: &String| Ok(k)).unwrap();
    for (i, v) in value.0.iter().enumerate() {
        let expected = (i.min(3) as f64).powi(2) + 1.0;
        assert!(if i == 5 { v.is_nan() } else { *v == expected }, "lane {i}: {v}");
    }
}

#[test]
fn literals_are_exact_and_round_to_the_nearest_double() {
    // reference: the standard library's correctly rounded decimal parser
    for text in
        ["0.1", "0.3", "2.5e-3", "123456789.123456789e-12", "4.9e-324", "1.7976931348623157e308", "9007199254740993"]
    {
        assert_eq!(double(text), text.parse::<f64>().unwrap(), "{text}");
    }
    // exact by place value
    for (text, expected) in [("0.05", "1/20"), ("1e-3", "1/1000"), ("000.500", "1/2"), ("0e99999999999999999999", "0")]
    {
        assert_eq!(exact(text).unwrap(), q(expected), "{text}");
    }
}

#[test]
fn refusals_point_at_the_place_and_say_what_to_write() {
    for (text, message, place, help) in [
        ("2x", "expected an operator, found 'x'", "x", Some("a product needs its sign: write 2*x")),
        ("2 (x+1)", "expected an operator, found '('", "(", Some("a product needs its sign: write 2*(..)")),
        ("a + b c", "expected an operator, found 'c'", "c", Some("a product needs its sign: write b*c")),
        ("(a) b", "expected an operator, found 'b'", "b", Some("a product needs its sign: write a*b")),
        ("1e", "expected an operator, found 'e'", "e", Some("a product needs its sign: write 1*e")),
        ("", "expected a number, a name or '(', found the end", "", None),
        ("1 +", "expected a number, a name or '(', found the end", "", None),
        ("+1", "expected a number, a name or '(', found '+'", "+", None),
        ("a */ b", "expected a number, a name or '(', found '/'", "/", None),
        ("(a + b", "'(' is never closed", "(", None),
        ("f(a", "'(' is never closed", "(", None),
        ("f(a,)", "expected a number, a name or '(', found ')'", ")", None),
        ("a)", "')' without a '(' before it", ")", None),
        ("a, b", "',' outside the arguments of a function", ",", None),
        ("(a, b)", "expected an operator or ')', found ','", ",", None),
        ("()", "expected a number, a name or '(', found ')'", ")", None),
        ("x**2", "'**' is no operator", "**", Some("write a power as x^2")),
        (".5", "unexpected character '.'", ".", Some("a decimal has digits on both sides of its point: 0.5")),
        ("5.", "unexpected character '.'", ".", Some("a decimal has digits on both sides of its point: 0.5")),
        ("\u{3c3}/2", "unexpected character '\u{3c3}'", "\u{3c3}", Some("names are ASCII: write sigma, alpha, ...")),
        ("a \u{2212} b", "unexpected character '\u{2212}'", "\u{2212}", Some("write the minus sign as '-'")),
        ("a\0b", "unexpected character '\\0'", "\0", None),
        ("\"a\"", "unexpected character '\\\"'", "\"", None),
        ("a; b", "unexpected character ';'", ";", None),
    ] {
        let error = Expr::parse(text).unwrap_err();
        assert_eq!((error.message.as_str(), error.help.as_deref()), (message, help), "{text:?}");
        assert_eq!(&text[error.span], place, "{text:?}");
    }
}

#[test]
fn spans_hold_the_text_of_each_node() {
    let text = " (a + b) * -f( x ,2)^c ";
    let expr = parse(text);
    let mut found = Vec::new();
    expr.root().walk(&mut |node| found.push(&text[node.span()]));
    assert_eq!(
        found,
        ["(a + b) * -f( x ,2)^c", "a + b", "a", "b", "-f( x ,2)^c", "f( x ,2)^c", "f( x ,2)", "x", "2", "c"]
    );
}

#[test]
fn the_canonical_text_has_least_parentheses() {
    for (text, canonical) in [
        ("((a))+(b*c)", "a + b*c"),
        ("(a+b)*c", "(a + b)*c"),
        ("a-(b-c)-d", "a - (b - c) - d"),
        ("a/(b*c)", "a/(b*c)"),
        ("(a/b)*c", "a/b*c"),
        ("(-2)^2", "(-2)^2"),
        ("-(2^2)", "-2^2"),
        ("(2^3)^2", "(2^3)^2"),
        ("2^(3^2)", "2^3^2"),
        ("2^(-3)", "2^-3"),
        ("a-(-b)", "a - -b"),
        ("(-a)*b", "-a*b"),
        ("-(a*b)", "-(a*b)"),
        ("f( )+g(x,(y+z))", "f() + g(x, y + z)"),
        ("0.050", "0.05"),
        ("1e3", "1000"),
        ("1e30", "1e30"),
        ("12.5e-30", "125e-31"),
        ("0.0", "0"),
    ] {
        assert_eq!(parse(text).to_string(), canonical, "{text}");
        assert_eq!(parse(canonical), parse(text), "{text}");
    }
}

/// Runs in a thread of a small stack, so that a recursion too deep for a worker thread would end the test.
fn quickly(what: &str, work: impl FnOnce() + Send + 'static) {
    let start = Instant::now();
    std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
    // No measure of speed: what is not bounded takes hours, or for ever.
    let limit = Duration::from_mins(2);
    assert!(start.elapsed() < limit, "{what} took {:?}", start.elapsed());
}

#[test]
fn hostile_texts_are_refused_at_once() {
    let many = 100_000;
    let texts = [
        ("parentheses", "(".repeat(many)),
        ("closed parentheses", format!("{}1{}", "(".repeat(many), ")".repeat(many))),
        ("a megabyte of minus", "-".repeat(1 << 20)),
        ("minus within the length", format!("{}1", "-".repeat(1999))),
        ("parentheses within the length", format!("{}1{}", "(".repeat(900), ")".repeat(900))),
        ("calls within the length", format!("{}1{}", "f(".repeat(600), ")".repeat(600))),
        ("a power tower", format!("a{}", "^a".repeat(999))),
        ("a power tower of minus", format!("a{}", "^-a".repeat(600))),
        ("a long sum", format!("a{}", "+a".repeat(999))),
        ("many arguments", format!("f(1{})", ",1".repeat(900))),
        ("a long number", "9".repeat(1999)),
        ("a long decimal", format!("0.{}1", "0".repeat(1900))),
        ("a huge exponent", "1e999999999999999999999".to_owned()),
        ("a huge negative exponent", "1e-9223372036854775808".to_owned()),
        ("a large exponent", "1e401".to_owned()),
        ("two-byte letters across the length", "\u{e9}".repeat(1500)),
        ("four-byte letters across the length", format!("a{}", "\u{1f600}".repeat(700))),
        ("NUL bytes", "\0".repeat(1000)),
        ("a mark of byte order", "\u{feff}1".to_owned()),
        ("right to left", "\u{202e}1+1".to_owned()),
        ("wide digits", "\u{ff11}+1".to_owned()),
        ("dots", ".".repeat(1000)),
        ("letters", "1e".repeat(1000)),
        ("a long name", "a".repeat(65)),
    ];
    for (what, text) in texts {
        quickly(what, move || {
            let error = Expr::parse(&text).unwrap_err();
            assert!(text.get(error.span.clone()).is_some(), "{:?} is no part of the text", error.span);
            assert!(error.message.len() < 300);
        });
    }
}

#[test]
fn large_texts_within_the_bounds_work_in_a_small_stack() {
    let texts = [
        format!("{}a{}", "(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH)),
        format!("a{}", "^a".repeat(MAX_DEPTH)),
        format!("{}a", "-".repeat(MAX_DEPTH)),
        format!("a{}", "-a".repeat(249)),
        format!("{}a{}", "a+a*(".repeat(62), ")".repeat(62)),
        format!("{}a{}{}", "max(a,a*".repeat(62), ")".repeat(62), "+a".repeat(60)),
        format!("min(a{})", ",a".repeat(490)),
        format!("{}a", " ".repeat(MAX_LENGTH - 1)),
        format!("1{}", "+1.5e-399".repeat(200)),
        // With its spaces the canonical text would be longer than what is read.
        format!("10000000{}", "+10000000".repeat(220)),
    ];
    for text in texts {
        quickly(&text.clone(), move || {
            let expr = parse(&text);
            assert_eq!(parse(&expr.to_string()), expr);
            let tree = resolved(&expr);
            assert!(tree.eval::<Narrow>(&|_: &String| Ok(Narrow::splat(1.0))).is_ok());
            assert!(tree.eval::<Wide>(&|_: &String| Ok(Wide::splat(1.0))).is_ok());
            assert!(tree.eval::<Rational>(&|_: &String| Ok(Rational::one())).is_ok());
            let pure = || Dimension::Of(Units::none());
            assert_eq!(tree.units(&|_| Some(pure())), Ok(pure()));
            assert_eq!(expr.check(&["a"], &[]), Ok(()));
            drop(expr);
        });
    }
}

#[test]
fn huge_exact_values_end_at_once() {
    let fractions: Vec<String> = (0..60).map(|i| format!("(3/{})^-3000", 2 * i + 5)).collect();
    // Each term is just below the bound, and so are all sums.
    let equal = vec!["(3/5)^33000"; 80].join("+");
    let roots = vec!["((3/5)^32960)^(1/64)"; 45].join("+");
    let squares = format!("{}3{}", "(".repeat(30), "^2)".repeat(30));
    let texts = [
        ("a power tower", "9^9^9^9".to_owned()),
        ("a power of a fraction", "(1/3)^999999999".to_owned()),
        ("a power past the integers of the machine", "2^99999999999999999999".to_owned()),
        ("a root of a high degree", "2^(1/99999999999999999999)".to_owned()),
        ("repeated squares", squares),
        ("products", format!("2^60000{}", "*3^60000".repeat(120))),
        ("sums of fractions", fractions.join("+")),
        ("sums of equal fractions", equal),
        ("roots", roots),
        ("large literals", format!("1{}", "/7e399".repeat(240))),
    ];
    for (what, text) in texts {
        quickly(what, move || {
            let expr = resolved(&parse(&text));
            // Any answer will do but silence.
            let _ = expr.eval::<Rational>(&no_names::<Rational>);
            let _ = expr.eval_f64(&no_names::<f64>).unwrap();
            let _ = expr.units(&|_| None);
        });
    }
    assert!(matches!(exact("9^9^9^9").unwrap_err().fault, Fault::TooLarge(_)));
}

#[test]
fn names_and_calls_are_listed_in_order() {
    let expr = parse("mean(E(grad_l1)) + sigma'^2*min(K, (sigma'))");
    let names: Vec<&str> = expr.names().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["grad_l1", "sigma'", "K", "sigma'"]);
    assert_eq!(expr.names()[3].1, 36..42);
    let calls: Vec<(&str, usize)> = expr.calls().iter().map(|c| (c.function, c.arguments.len())).collect();
    assert_eq!(calls, [("mean", 1), ("E", 1), ("min", 2)]);
}

#[test]
fn check_names_what_is_near() {
    let known = ["sigma1", "L1", "K", "T", "step_size"];
    let extra = [Signature::exactly("mean", 1), Signature::select_ge("min", 1)];
    assert_eq!(parse("mean(sigma1)/sqrt(K) + min(T)").check(&known, &extra), Ok(()));
    for (text, message, place, help) in [
        ("2*sigmaa", "unknown name 'sigmaa'; did you mean 'sigma1'?", "sigmaa", "write sigma1"),
        ("k", "unknown name 'k'; did you mean 'K'?", "k", "write K"),
        ("stepsize", "unknown name 'stepsize'; did you mean 'step_size'?", "stepsize", "write step_size"),
        ("q", "unknown name 'q'", "q", "known names: K, L1, T, sigma1, step_size"),
        ("1 + sqr(K)", "unknown function 'sqr'; did you mean 'sqrt'?", "sqr", "write sqrt"),
        ("sqrt + 1", "'sqrt' is a function, not a value", "sqrt", "write sqrt(..)"),
        ("K(T + 1)", "'K' is a value, not a function", "K", "a product needs its sign: write K*(..)"),
    ] {
        let error = parse(text).check(&known, &extra).unwrap_err();
        assert_eq!((error.message.as_str(), error.help.as_deref()), (message, Some(help)), "{text}");
        assert_eq!(&text[error.span], place, "{text}");
    }
    for (text, message) in [
        ("max(K)", "max takes 2 or more arguments, found 1"),
        ("mean(K, T)", "mean takes 1 argument, found 2"),
        ("ln()", "ln takes 1 argument, found 0"),
    ] {
        let error = parse(text).check(&known, &extra).unwrap_err();
        assert_eq!((error.message.as_str(), &text[error.span]), (message, text));
    }
    let error = parse("x").check(&[], &[]).unwrap_err();
    assert_eq!(error.help.as_deref(), Some("no names are known here"));
}

fn definitions(pairs: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
    let uses = |text| parse(text).names().into_iter().map(|(name, _)| name.to_owned()).collect();
    pairs.iter().map(|(name, text)| ((*name).to_owned(), uses(text))).collect()
}

#[test]
fn definitions_come_after_what_they_use() {
    let all = definitions(&[("N", "K*K"), ("K", "T + 1"), ("A", "N/K + d"), ("B", "2")]);
    assert_eq!(order(&all).unwrap(), ["K", "N", "A", "B"]);
    assert_eq!(order(&BTreeMap::new()).unwrap(), [""; 0]);
}

#[test]
fn a_cycle_is_reported_with_its_path() {
    for (pairs, text) in [
        (&[("a", "b + 1"), ("b", "2*a")][..], "a -> b -> a"),
        (&[("a", "a^2")], "a -> a"),
        (&[("a", "b"), ("b", "c + d"), ("c", "1"), ("d", "b")], "b -> d -> b"),
    ] {
        let error = order(&definitions(pairs)).unwrap_err();
        assert_eq!(error.to_string(), format!("a definition depends on itself: {text}"));
        assert_eq!(error.path.join(" -> "), text);
    }
}

#[test]
fn a_chain_of_ten_thousand_names_needs_no_deep_stack() {
    quickly("a chain", || {
        let name = |i: usize| format!("x{i:05}");
        let mut chain: BTreeMap<String, Vec<String>> = (0..10_000).map(|i| (name(i), vec![name(i + 1)])).collect();
        let sorted = order(&chain).unwrap();
        assert_eq!((sorted.len(), sorted[0].as_str(), sorted[9999].as_str()), (10_000, "x09999", "x00000"));
        chain.insert(name(10_000), vec![name(0)]);
        let error = order(&chain).unwrap_err();
        assert_eq!(error.path.len(), 10_002);
        assert!(error.to_string().len() < 300);
    });
}

/// Units of the papers' constants: gradients have [f]/[x], smoothness constants [f]/[x]^2.
#[allow(clippy::ptr_arg)]
fn paper_units(name: &String) -> Option<Dimension> {
    Some(Dimension::Of(match name.as_str() {
        "D" => Units::new(1, 0),
        "sigma1" | "g" => Units::new(1, -1),
        "L1" | "L" | "mu" => Units::new(1, -2),
        "rho" => Units::new(1, -3),
        "R" => Units::new(0, 1),
        "K" | "T" | "d" => Units::none(),
        _ => return None,
    }))
}

#[test]
fn homogeneous_bounds_have_units() {
    // exact: by hand from the units above
    for (text, expected) in [
        ("sqrt(L1*D/K) + 2*sigma1/sqrt(K)", "[f] [x]^-1"),
        ("2*L*D", "[f]^2 [x]^-2"),
        ("sqrt(D)", "[f]^(1/2)"),
        ("R", "[x]"),
        ("D^(-3/2)", "[f]^(-3/2)"),
        ("1 - mu/L", "1"),
        ("(1 - mu/L)^K * D", "[f]"),
        ("T^(K/2)", "1"),
        ("0 + D", "[f]"),
        ("max(0, g)", "[f] [x]^-1"),
        ("max(sqrt(rho*g), L)", "[f] [x]^-2"),
        ("abs(-g) - 0*K", "[f] [x]^-1"),
        ("sgn(g)", "1"),
        ("0*L", "any"),
        ("0 - 0", "any"),
        ("exp(-mu/L) + floor(T/2)", "1"),
        ("g^0", "1"),
    ] {
        let dimension = resolved(&parse(text)).units(&paper_units).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(dimension.to_string(), expected, "{text}");
    }
}

#[test]
fn what_is_not_homogeneous_is_named() {
    for (text, message, place) in [
        // the printed bound of bernstein2018/theorem-1 adds 1/2 to a function value
        ("sqrt(L1)*(D + 1/2)", "the units differ: 'D' has [f] and '1/2' has 1,", "D + 1/2"),
        // the printed first term of sun2023/theorem-1 divides by L where its proof multiplies
        ("D/(L*T) + sigma1", "the units differ: 'D/(L*T)' has [x]^2 and 'sigma1' has [f] [x]^-1,", "D/(L*T) + sigma1"),
        (
            "max(sqrt(rho), L)",
            "the units differ: 'sqrt(rho)' has [f]^(1/2) [x]^(-3/2) and 'L' has [f] [x]^-2,",
            "max(sqrt(rho), L)",
        ),
        ("1 + ln(D)", "the argument of ln must be a pure number, found the units [f]", "D"),
        ("2^(R*2)", "an exponent must be a pure number, found the units [x]", "R*2"),
        ("1 + 1/zz", "no units are known for the name", "zz"),
        ("D^9^30", "the powers of the units grow too large", "D^9^30"),
    ] {
        let error = resolved(&parse(text)).units(&paper_units).unwrap_err();
        assert_eq!((error.message.as_str(), &text[error.span.clone()]), (message, place), "{text}");
    }
    let error = resolved(&parse("D^K")).units(&paper_units).unwrap_err();
    assert_eq!(
        error.to_string(),
        "'D' has [f], so its exponent must be a constant rational (it is not a constant), in 'D^K'"
    );
    assert!(resolved(&parse("D^sqrt(2)")).units(&paper_units).is_err());
}

/// Trees of every shape, with literals of up to six digits and exponents on both sides.
fn trees() -> impl Strategy<Value = Node> {
    let number = (0u32..1_000_000, -30i64..30).prop_map(|(digits, exponent)| Node::Number {
        value: format!("{digits}e{exponent}").parse().unwrap(),
        span: 0..0,
    });
    let name = "[A-Za-z_][A-Za-z0-9_']{0,5}".prop_map(|name| Node::Name { name, span: 0..0 });
    prop_oneof![number, name].prop_recursive(6, 60, 3, |inner| {
        let ops = [Op::Add, Op::Subtract, Op::Multiply, Op::Divide, Op::Power];
        prop_oneof![
            inner.clone().prop_map(|operand| Node::Negate { operand: Box::new(operand), span: 0..0 }),
            (proptest::sample::select(ops.to_vec()), inner.clone(), inner.clone()).prop_map(|(op, left, right)| {
                Node::Binary { op, left: Box::new(left), right: Box::new(right), span: 0..0 }
            }),
            ("[a-z]{1,4}", proptest::collection::vec(inner, 0..4)).prop_map(|(function, arguments)| Node::Call {
                function,
                function_span: 0..0,
                arguments,
                span: 0..0
            }),
        ]
    })
}

/// Sums, differences and products of eight numbers n/4, n at most 7: at most 40 bits, so that doubles are exact.
fn dyadic_texts() -> impl Strategy<Value = String> {
    (-7i32..8, 0u32..3).prop_map(|(n, shift)| format!("({n}/2^{shift})")).prop_recursive(3, 8, 2, |inner| {
        (inner.clone(), proptest::sample::select(&["+", "-", "*"][..]), inner)
            .prop_map(|(left, op, right)| format!("({left}{op}{right})"))
    })
}

proptest! {
    #[test]
    fn the_canonical_text_parses_to_the_same_tree(root in trees()) {
        let expr = Expr { root };
        let text = expr.to_string();
        let again = Expr::parse(&text);
        prop_assert_eq!(again.as_ref(), Ok(&expr), "{}", text);
        let mut compact = String::new();
        display::write(expr.root(), true, &mut compact);
        prop_assert_eq!(Expr::parse(&compact), Ok(expr), "{}", compact);
        // Every node's span is a text of that node.
        let mut whole = true;
        if let Ok(again) = &again {
            again.root().walk(&mut |node| whole &= Expr::parse(&text[node.span()]).is_ok_and(|e| e.root() == node));
        }
        prop_assert!(whole, "{}", text);
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        if let Err(error) = Expr::parse(&text) {
            prop_assert!(text.get(error.span).is_some());
        }
    }

    #[test]
    fn no_text_of_the_language_panics(text in "[-a-cE0-9.+*/^(), ']{0,60}") {
        match Expr::parse(&text) {
            Err(error) => prop_assert!(text.get(error.span).is_some()),
            Ok(expr) => {
                prop_assert_eq!(&parse(&expr.to_string()), &expr);
                if let Ok(tree) = expr.resolve(&mut |name, _| Ok(name.to_owned())) {
                    let _ = tree.eval::<Rational>(&|_: &String| Ok(Rational::ratio(3, 2)));
                    let _ = tree.eval_f64(&|_: &String| Ok(1.5));
                    let _ = tree.units(&|_| Some(Dimension::Of(Units::new(1, -1))));
                }
                let _ = expr.check(&["a"], &[]);
            }
        }
    }

    #[test]
    fn doubles_agree_with_rationals_on_dyadic_numbers(text in dyadic_texts()) {
        prop_assert_eq!(Rational::from_double(double(&text)), Some(exact(&text).unwrap()), "{}", text);
    }

    #[test]
    fn decimals_round_as_the_standard_library_rounds_them(digits in 0u64.., exponent in -340i32..300) {
        let text = format!("{digits}e{exponent}");
        prop_assert_eq!(double(&text), text.parse::<f64>().unwrap(), "{}", text);
    }
}
