//! All of JMESPath's own compliance cases, through [`Expression`].

use std::path::Path;

use serde_json::Value as Json;

use super::{CompileError, EvalError, Expression};
use crate::event::{Event, Offset, Partition, Position, Record, TopicIndex, Value};

/// Returns an event with any root: the cases are not only objects.
pub fn event_of(text: &str) -> Event<'_> {
    let position =
        Position { partition: Partition { topic: TopicIndex(0), number: 0 }, offset: Offset(0) };
    let record =
        Record { position, topic: "t", timestamp: None, key: None, headers: &(), payload: None };
    Event::of(record, Value::parse(text).unwrap())
}

pub fn to_json(value: &Value<'_>) -> Json {
    let mut text = String::new();
    value.write_json(&mut text);
    serde_json::from_str(&text).unwrap()
}

/// Returns the kind of an error, as the cases name it. An error that depends on the event comes at
/// evaluation.
fn kind(error: &Result<EvalError, CompileError>) -> &'static str {
    match error {
        Ok(EvalError::Argument { .. } | EvalError::Result { .. }) => "invalid-type",
        Ok(_) => "other",
        Err(error) if error.message.starts_with("unknown function") => "unknown-function",
        Err(error) if error.message.contains(" as argument ") => "invalid-type",
        Err(error) if error.message.contains("` takes ") => "invalid-arity",
        Err(error) if error.message.contains("step of a slice is 0") => "invalid-value",
        Err(_) => "syntax",
    }
}

fn check(given: &str, case: &Json) -> Result<(), String> {
    let source = case["expression"].as_str().unwrap();
    let outcome = Expression::compile(source).map_err(Err).and_then(|expression| {
        assert_eq!(expression.source(), source);
        expression.evaluate(&event_of(given)).map(|value| to_json(&value)).map_err(Ok)
    });
    match (&outcome, case.get("error").and_then(Json::as_str)) {
        (Err(error), Some(expected)) if kind(error) == expected => Ok(()),
        // serde_json's numbers differ by how they are written: 1.0 is not 1.
        (Ok(value), None) if same(value, &case["result"]) => Ok(()),
        _ => Err(format!("{source}\n  of {given}\n  gave {outcome:?}\n  not {case}")),
    }
}

pub fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Calls `each` with every case that asserts something, and its document.
pub fn for_each_case(mut each: impl FnMut(&str, &Json)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compliance");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let suites: Json = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for suite in suites.as_array().unwrap() {
            let given = suite["given"].to_string();
            // The 14 benchmarks of the suite assert nothing.
            suite["cases"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|case| case.get("bench").is_none())
                .for_each(|case| each(&given, case));
        }
    }
}

#[test]
fn every_case_of_the_compliance_suite_holds() {
    let mut count = 0;
    let mut failures = Vec::new();
    for_each_case(|given, case| {
        count += 1;
        failures.extend(check(given, case).err());
    });
    assert!(
        failures.is_empty(),
        "{} of {count} cases fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert_eq!(count, 861);
}
