//! slackline's own functions: their results, and what they make of other arguments.

use crate::event::Value;
use crate::expression::compliance::event_of;
use crate::expression::tests::{refusal, shown};
use crate::expression::{Budget, Context, EvalError, Expression};

mod properties;

const EVENT: &str = r#"{
    "abab": "aabaaabaaaab", "string": "subject string", "split": "avg|-|min|-|max|-|mean",
    "name": "ada LOVELACE", "n": 5, "price": 49.90, "list": ["b", "a"], "empty": "", "yes": true,
    "people": [{"n": "ada", "team": "x"}, {"n": "bob", "team": "y"}, {"n": "cy"}, {"n": "di", "team": "x"}],
    "o": {"z": 1, "a": [2]}, "at": "2026-11-28T12:00:00Z"
}"#;

/// The result of an expression in a template as JSON, and its fault.
fn leniently(source: &str, event: &str) -> (String, Option<String>) {
    let expression =
        Expression::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let (event, budget) = (event_of(event), Budget::of_delivery());
    let context = Context::lenient(&event, &budget, None);
    let evaluated = expression.evaluate_in(&context);
    let mut out = String::new();
    evaluated.value.write_json(&mut out);
    (out, evaluated.fault.map(|fault| fault.to_string()))
}

#[test]
fn strings() {
    for (source, expected) in [
        ("find_first(string, 'string')", "8"),
        ("find_first(string, 'string', 0, 14)", "8"),
        ("find_first(string, 'string', -99, 100)", "8"),
        ("find_first(string, 'string', -6)", "8"),
        ("find_first(string, 'string', 0, 13)", "null"),
        ("find_first(string, 'string', 8)", "8"),
        ("find_first(string, 'string', 8, 11)", "null"),
        ("find_first(string, 'string', 9)", "null"),
        ("find_first(string, 's')", "0"),
        ("find_first(string, 's', 1)", "8"),
        ("find_first(string, '')", "null"),
        ("find_first('', '')", "null"),
        ("find_first('äöü', 'ü')", "2"),
        ("find_first('äöü', 'ü', 2.0)", "2"),
        ("find_last(string, 'string')", "8"),
        ("find_last(string, 'string', 8)", "8"),
        ("find_last(string, 'string', 8, 9)", "null"),
        ("find_last(string, 'string', 9)", "null"),
        ("find_last(string, 's', 1)", "8"),
        ("find_last(string, 's', -6)", "8"),
        ("find_last(string, 's', 0, 7)", "0"),
        ("find_last(string, '')", "null"),
        ("find_last('aaa', 'a', 2, 1)", "null"),
        ("lower('STRÄNG')", "\"sträng\""),
        ("upper('straße')", "\"STRASSE\""),
        ("capitalize(name)", "\"Ada lovelace\""),
        ("capitalize('')", "\"\""),
        ("title(name)", "\"Ada Lovelace\""),
        ("title('jean-luc o\\'neil')", "\"Jean-Luc O'neil\""),
        ("pad_left('string', 0)", "\"string\""),
        ("pad_left('string', 5)", "\"string\""),
        ("pad_left('string', 10)", "\"    string\""),
        ("pad_left('string', 10, '-')", "\"----string\""),
        ("pad_right('string', 10, 'ä')", "\"stringääää\""),
        ("pad_left('ä', 2, '0')", "\"0ä\""),
        ("replace(abab, 'aa', '-', 0)", "\"aabaaabaaaab\""),
        ("replace(abab, 'aa', '-', 1)", "\"-baaabaaaab\""),
        ("replace(abab, 'aa', '-', 2)", "\"-b-abaaaab\""),
        ("replace(abab, 'aa', '-', 3)", "\"-b-ab-aab\""),
        ("replace(abab, 'aa', '-')", "\"-b-ab--b\""),
        ("replace(abab, '', '-')", "\"aabaaabaaaab\""),
        ("replace('aa', 'aa', '')", "\"\""),
        ("split('', '')", "[]"),
        ("split('', ',')", "[\"\"]"),
        ("split('äb c', '')", "[\"ä\",\"b\",\" \",\"c\"]"),
        ("split('abcd', '', 3)", "[\"a\",\"b\",\"c\",\"d\"]"),
        ("split('abcd', '', 2)", "[\"a\",\"b\",\"cd\"]"),
        ("split('/', '/')", "[\"\",\"\"]"),
        ("split(split, '|-|')", "[\"avg\",\"min\",\"max\",\"mean\"]"),
        ("split(split, '|-|', 2)", "[\"avg\",\"min\",\"max|-|mean\"]"),
        ("split(split, '|-|', 0)", "[\"avg|-|min|-|max|-|mean\"]"),
        ("split(to_string(o), ':')", r#"["{\"z\"","1,\"a\"","[2]}"]"#),
        ("trim('  a b\t')", "\"a b\""),
        ("trim('  a b ', '')", "\"a b\""),
        ("trim(' subject string ', 'su ')", "\"bject string\""),
        ("trim(' subject string ', 'gsu ')", "\"bject strin\""),
        ("trim('aaa', 'a')", "\"\""),
        ("trim(empty)", "\"\""),
        ("trim('\u{a0}\u{2003}a\u{85}')", "\"a\""),
    ] {
        assert_eq!(shown(source, EVENT), expected, "{source}");
    }
}

#[test]
fn pairs_and_groups() {
    for (source, expected) in [
        ("items(o)", r#"[["z",1],["a",[2]]]"#),
        ("from_items(items(o))", r#"{"z":1,"a":[2]}"#),
        ("from_items(`[[\"a\", 1], [\"b\", 2], [\"a\", 3]]`)", r#"{"a":3,"b":2}"#),
        ("from_items(`[]`)", "{}"),
        ("zip(list, `[1, 2, 3]`)", r#"[["b",1],["a",2]]"#),
        ("zip(list)", r#"[["b"],["a"]]"#),
        (
            "group_by(people, &team)",
            r#"{"x":[{"n":"ada","team":"x"},{"n":"di","team":"x"}],"y":[{"n":"bob","team":"y"}]}"#,
        ),
        ("group_by(`[]`, &team)", "{}"),
        (
            "group_by(people, &length(n))",
            "error: the expression of `group_by` must give a string or null for every element, not number",
        ),
    ] {
        assert_eq!(shown(source, EVENT), expected, "{source}");
    }
}

#[test]
fn arithmetic() {
    for (source, expected) in [
        ("plus(0.1, 0.2)", "0.3"),
        ("times(49.90, 2)", "99.8"),
        ("times(price, 2)", "99.8"),
        ("minus(n, 7)", "-2"),
        ("divided_by(1, 3)", "0.3333333333333333333333333333"),
        ("divided_by(2, 3)", "0.6666666666666666666666666667"),
        ("divided_by(10, 4)", "2.5"),
        ("divided_by(9, 3)", "3"),
        ("modulo(7, 3)", "1"),
        ("modulo(-7, 3)", "2"),
        ("modulo(7, -3)", "-2"),
        ("modulo(-7, -3)", "-1"),
        ("modulo(5.5, 2)", "1.5"),
        ("plus(1e3, 0)", "1000"),
        ("times(1e28, 7)", "70000000000000000000000000000"),
        ("times(1e28, 8)", "error: `times` has a number beyond ±7.9e28"),
        ("plus(1e999999999, 1)", "error: `plus` has a number beyond ±7.9e28"),
        ("plus(1e-999999999, 1)", "1"),
        ("divided_by(1, 0)", "error: `divided_by` divides by zero"),
        ("modulo(1, 0.0)", "error: `modulo` divides by zero"),
        ("plus(9007199254740993, 0) == 9007199254740993", "true"),
        ("plus(n, 'x')", "error: `plus` takes a number as argument 2, not a string"),
    ] {
        // A literal of a wrong type is refused when the expression is compiled.
        let shown = match Expression::compile(source) {
            Ok(_) => shown(source, EVENT),
            Err(error) => format!("error: {}", error.message),
        };
        assert_eq!(shown, expected, "{source}");
    }
}

#[test]
fn tests_and_times() {
    for (source, expected) in [
        ("matches(string, 'j.ct')", "true"),
        ("matches(string, '^j')", "false"),
        ("glob(string, 'sub*g')", "true"),
        ("glob(string, 'sub')", "false"),
        (r"glob('a*', 'a\*')", "true"),
        ("starts_with_any(string, ['x', 'sub'])", "true"),
        ("starts_with_any(string, list)", "false"),
        ("parse_time(at)", "1795867200"),
        ("parse_time('2026-11-28')", "1795824000"),
        ("parse_time(1795867200123)", "1795867200.123"),
        ("parse_time('soon')", "null"),
        ("parse_time(missing)", "null"),
        ("age(at)", "null"),
        ("if(n > 3, 'many', 'few')", "\"many\""),
        ("if(n < 3, divided_by(1, 0), 'few')", "\"few\""),
        ("if(missing, contains(missing, 'x'), n)", "5"),
        ("if(empty, 1, 2)", "2"),
    ] {
        assert_eq!(shown(source, EVENT), expected, "{source}");
    }
}

#[test]
fn the_age_is_the_records() {
    let record =
        crate::event::Record { timestamp: Some(1_795_867_260_500), ..event_of("{}").record() };
    let event = crate::event::Event::of(record, Value::parse(EVENT).unwrap());
    let shown = |source: &str| {
        let mut out = String::new();
        Expression::compile(source).unwrap().evaluate(&event).unwrap().write_json(&mut out);
        out
    };
    assert_eq!(shown("age(at)"), "60.5");
    assert_eq!(shown("age('2026-11-28T12:02:00Z')"), "-59.5");
    assert_eq!(shown("age('soon')"), "null");
    assert_eq!(shown("age(at) > 60"), "true");
}

#[test]
fn constants_that_never_have_a_result_are_refused() {
    for (source, message) in [
        (
            "matches(a, b)",
            "`matches` takes a constant pattern as argument 2, not a value of the event",
        ),
        ("matches(a, 5)", "`matches` takes a constant pattern as argument 2, not a number"),
        ("matches(a, '(')", "the pattern of `matches` is invalid: unclosed group"),
        (
            "glob(a, \"b\")",
            "`glob` takes a constant pattern as argument 2, not a value of the event",
        ),
        (
            "pad_left(a, -1)",
            "`pad_left` takes a whole number from 0 on as argument 2, not another number",
        ),
        (
            "pad_left(a, 1.5)",
            "`pad_left` takes a whole number from 0 on as argument 2, not another number",
        ),
        (
            "pad_left(a, 1, '--')",
            "`pad_left` takes a string of one character as argument 3, not another string",
        ),
        ("split(a, 1)", "`split` takes a string as argument 2, not a number"),
        ("find_first(a, 'b', 1, 2, 3)", "`find_first` takes 2 to 4 arguments, not 5"),
        ("replace(a, 'b')", "`replace` takes 3 to 4 arguments, not 2"),
        ("if(a, b)", "`if` takes 3 arguments, not 2"),
        ("group_by(a, b)", "`group_by` takes an expression as argument 2, not a value"),
    ] {
        assert_eq!(refusal(source).message, message, "{source}");
    }
}

#[test]
fn a_template_has_a_hole_rather_than_no_text() {
    let takes = |rest: &str| Some(format!("`{rest}"));
    for (source, expected, fault) in [
        // Null stays null, uncounted.
        ("upper(missing)", "null", None),
        ("plus(missing, 1)", "null", None),
        ("plus(missing, missing)", "null", None),
        ("group_by(missing, &a)", "null", None),
        // A first argument of another type stays, counted.
        ("upper(n)", "5", takes("upper` takes a string as argument 1, not a number")),
        (
            "plus(name, 1)",
            "\"ada LOVELACE\"",
            takes("plus` takes a number as argument 1, not a string"),
        ),
        ("upper(o).z", "1", takes("upper` takes a string as argument 1, not an object")),
        (
            "from_items(list)",
            r#"["b","a"]"#,
            takes(
                "from_items` takes an array of pairs of a string and a value as argument 1, not an array of string",
            ),
        ),
        // Another wrong argument makes the result null, counted.
        ("plus(n, name)", "null", takes("plus` takes a number as argument 2, not a string")),
        ("plus(n, missing)", "null", takes("plus` takes a number as argument 2, not null")),
        ("divided_by(n, 0)", "null", takes("divided_by` divides by zero")),
        ("not_null(divided_by(n, 0), 'x')", "\"x\"", takes("divided_by` divides by zero")),
        ("if(yes, divided_by(n, 0), 1)", "null", takes("divided_by` divides by zero")),
        // Only the first fault of an expression is counted.
        (
            "[upper(n), lower(yes)]",
            "[5,true]",
            takes("upper` takes a string as argument 1, not a number"),
        ),
        // JMESPath's own functions stay strict.
        (
            "length(missing)",
            "null",
            takes("length` takes an array, an object or a string as argument 1, not null"),
        ),
        (
            "upper(to_string(abs(name)))",
            "null",
            takes("abs` takes a number as argument 1, not a string"),
        ),
        ("parse_json(name)", "null", takes("parse_json` is")),
    ] {
        let (value, found) = leniently(source, EVENT);
        assert_eq!(value, expected, "{source}");
        match (source, &found) {
            ("parse_json(name)", Some(_)) => {}
            _ => assert_eq!(found, fault, "{source}"),
        }
    }
    for source in ["upper(missing)", "plus(n, name)", "upper(n)"] {
        assert!(shown(source, EVENT).starts_with("error: "), "{source}: strict in a trigger");
    }
}

#[test]
fn a_used_up_budget_is_one_error() {
    let long = format!(r#"{{"a": {:?}}}"#, "x".repeat(1 << 20));
    let (event, budget) = (event_of(&long), Budget::of_delivery());
    let context = Context::lenient(&event, &budget, None);
    let compile = |source| Expression::compile(source).unwrap();
    let (large, small) = (compile("join('', [a, a, a, a])"), compile("a"));
    let faults: Vec<_> = (0..10).filter_map(|_| large.evaluate_in(&context).fault).collect();
    assert_eq!(faults, [EvalError::UsedUp]);
    let after = small.evaluate_in(&context);
    assert!(matches!(after.value, Value::Null) && after.fault.is_none());
}

#[test]
fn large_results_are_refused_before_they_are_made() {
    let event = format!(r#"{{"a": {:?}, "n": 1000000000}}"#, "a".repeat(100_000));
    for source in [
        "pad_left(a, 1000000000)",
        "pad_right('x', n, 'ä')",
        "pad_left(a, 9000000000000000)",
        "replace(a, 'a', a)",
        "replace(replace(replace(a, 'a', 'bbbbbbbb'), 'b', 'cccccccc'), 'c', 'dddddddd')",
        "split(join('', [a, a, a, a, a, a, a, a, a, a]), '')",
        "matches(join('', [a, a, a, a]), '[ab]{500}x')",
    ] {
        assert_eq!(leniently(source, &event).1, Some(EvalError::UsedUp.to_string()), "{source}");
    }
}

#[test]
fn a_list_of_100_000_is_grouped_within_the_budget() {
    let elements: Vec<String> = (0..100_000).map(|n| format!(r#"{{"k":"k{}"}}"#, n % 7)).collect();
    let event = format!(r#"{{"list":[{}]}}"#, elements.join(","));
    let (value, fault) = leniently("items(group_by(list, &k))[*][[0], length([1])][]", &event);
    assert_eq!(fault, None);
    assert!(value.starts_with(r#"["k0",14286,"k1",14286"#), "{}", &value[..100]);
}
