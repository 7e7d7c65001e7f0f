//! Generated expressions over generated events: the results are those of the jmespath crate,
//! intended differences aside.

use proptest::prelude::*;

use super::Expression;
use super::compliance::{event_of, same, to_json};
use super::signature::Function;
use super::tests::{refusal, shown};

pub fn any_document() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value as Json, json};
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-3..6i32).prop_map(Json::from),
        (-8..8i32).prop_map(|quarters| json!(f64::from(quarters) / 4.0)),
        "[a-c]{0,2}".prop_map(Json::from),
    ];
    let any = leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            // The crate sorts keys, and so does this map.
            prop::collection::btree_map("[a-d]", inner, 0..5)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[a-d]", any, 1..5)
        .prop_map(|map| Json::Object(map.into_iter().collect()))
}

/// Expressions with the same meaning here and in the crate: without `merge`, `avg` and `to_number`.
pub fn any_expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        6 => "[a-d]".prop_map(String::from),
        1 => "'[a-c]{0,2}'",
        1 => (-3..6i32).prop_map(|n| format!("`{n}`")),
        1 => prop::sample::select(vec!["@", "*", "[*]", "[]", "`null`", "`true`", "`[1, 2.5, \"a\"]`", "`{\"a\": [1]}`", "\"a\""]).prop_map(String::from),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        let one = inner.clone();
        prop_oneof![
            (one.clone(), "[a-d]").prop_map(|(a, b)| format!("{a}.{b}")),
            (one.clone(), -3..3i32).prop_map(|(a, at)| format!("{a}[{at}]")),
            (
                one.clone(),
                prop::sample::select(vec!["[]", "[*]", ".*", "[1:]", "[::-1]", "[:-1:2]", "[-2:]"])
            )
                .prop_map(|(a, p)| format!("{a}{p}")),
            (
                two.clone(),
                prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">=", "&&", "||", "|"])
            )
                .prop_map(|((a, b), op)| format!("{a} {op} {b}")),
            two.clone().prop_map(|(a, b)| format!("{a}[?{b}]")),
            two.clone().prop_map(|(a, b)| format!("{a}.[{b}, {a}]")),
            two.clone().prop_map(|(a, b)| format!("{{a: {a}, b: {b}}}")),
            two.clone().prop_map(|(a, b)| format!("[{a}, {b}]")),
            one.clone().prop_map(|a| format!("({a})")),
            one.clone().prop_map(|a| format!("!({a})")),
            (
                one.clone(),
                prop::sample::select(vec![
                    "abs",
                    "ceil",
                    "floor",
                    "keys",
                    "length",
                    "max",
                    "min",
                    "not_null",
                    "reverse",
                    "sort",
                    "sum",
                    "to_array",
                    "to_string",
                    "type",
                    "values"
                ])
            )
                .prop_map(|(a, f)| format!("{f}({a})")),
            (
                two.clone(),
                prop::sample::select(vec![
                    "contains",
                    "starts_with",
                    "ends_with",
                    "join",
                    "not_null"
                ])
            )
                .prop_map(|((a, b), f)| format!("{f}({a}, {b})")),
            (two.clone(), prop::sample::select(vec!["sort_by", "max_by", "min_by"]))
                .prop_map(|((a, b), f)| format!("{f}({a}, &{b})")),
            two.prop_map(|(a, b)| format!("map(&{a}, {b})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_bare_number_is_the_one_in_backticks(expression in any_expression(), document in any_document()) {
        let numbers = regex::Regex::new("`(-?[0-9]+)`").unwrap();
        let bare = numbers.replace_all(&expression, "$1");
        // After a dot, and before one, a bare number is refused.
        if Expression::compile(&bare).is_ok() {
            let document = document.to_string();
            prop_assert_eq!(shown(&bare, &document), shown(&expression, &document), "{}", bare);
        }
    }

    #[test]
    fn results_are_those_of_the_crate(source in any_expression(), document in any_document()) {
        let Ok(theirs) = jmespath::compile(&source) else {
            prop_assert!(Expression::compile(&source).is_err(), "{source} compiles");
            return Ok(());
        };
        let text = document.to_string();
        let data = jmespath::Variable::from_json(&text).unwrap();
        let theirs = theirs.search(data);
        match Expression::compile(&source) {
            Ok(ours) => {
                let event = event_of(&text);
                match (ours.evaluate(&event), theirs) {
                    (Ok(ours), Ok(theirs)) => {
                        let theirs: serde_json::Value = serde_json::from_str(&theirs.to_string()).unwrap();
                        let ours = to_json(&ours);
                        // The crate writes whole f64 as 1.0, which shows inside of texts.
                        let texts = source.contains("to_string");
                        prop_assert!(texts || same(&ours, &theirs), "{source} of {text}: ours {ours}, theirs {theirs}");
                    }
                    (Err(_), Err(_)) => {}
                    (ours, theirs) => prop_assert!(false, "{source} of {text}: ours {ours:?}, theirs {theirs:?}"),
                }
            }
            // An expression that is refused fails in the crate, or is refused on purpose.
            Err(error) => {
                let ours = ["` takes ", "binds stronger", "compares true or false", "is only for an argument", "hands true or false"];
                prop_assert!(theirs.is_err() || ours.iter().any(|message| error.message.contains(message)), "{source}: {error}");
            }
        }
    }

    #[test]
    fn no_text_panics(source in "[a-c$@.*\\[\\](){}?:,|&!<>=0-9'\"`\\\\ ä-]{0,12}") {
        match Expression::compile(&source) {
            Ok(expression) => { let _value = expression.evaluate(&event_of("{\"a\":[{\"b\":1}]}")).map(|value| value.is_truthy()); }
            Err(_) => { refusal(&source); }
        }
    }

    #[test]
    fn literals_have_their_value(document in any_document()) {
        let text = document.to_string();
        prop_assert_eq!(shown(&format!("`{}`", text.replace('`', "\\`")), "{}"), text);
    }

    #[test]
    fn an_unknown_function_is_always_refused(name in "[a-z_]{1,12}") {
        let source = format!("a[?{name}(@)]");
        if Function::named(&name).is_none() {
            prop_assert!(Expression::compile(&source).is_err() && !jmespath_has(&name), "{}", name);
        }
    }
}

/// Whether the crate has a function that takes one argument.
fn jmespath_has(name: &str) -> bool {
    let error = jmespath::compile(&format!("{name}(@)"))
        .unwrap()
        .search("x")
        .err()
        .map(|error| error.to_string());
    !error.is_some_and(|error| error.contains("undefined function") || error.contains("arguments"))
}
