//! Functions and methods of other languages: `size(a)`, `a.startsWith('x')`, `has(a)`.

use super::words::{Form, Word, text};
use super::{arguments, made, operand_end};
use crate::expression::signature::Function;

/// Names of JMESPath's functions in other languages.
const NAMES: &[(&str, &[&str])] = &[
    ("length", &["len", "size", "count", "strlen", "array_length", "cardinality"]),
    ("contains", &["contain", "includes", "include", "has", "has_any", "icontains"]),
    ("starts_with", &["startswith", "hasprefix", "has_prefix", "beginswith", "begins_with"]),
    ("ends_with", &["endswith", "hassuffix", "has_suffix"]),
    ("not_null", &["coalesce", "ifnull", "nvl", "default", "isnull", "default_if_none", "or_else"]),
    ("to_string", &["str", "string", "tostring", "text", "tojson", "to_json", "json", "stringify"]),
    (
        "to_number",
        &["int", "float", "number", "num", "tonumber", "parseint", "parsefloat", "double"],
    ),
    ("ceil", &["ceiling"]),
    ("type", &["typeof", "type_of"]),
    ("avg", &["average", "mean"]),
    ("lower", &["lowercase", "tolower", "tolowercase", "lcase", "downcase"]),
    ("upper", &["uppercase", "toupper", "touppercase", "ucase", "upcase"]),
    ("trim", &["strip"]),
    ("title", &["titlecase", "initcap"]),
    ("replace", &["gsub", "replaceall", "replace_all"]),
    ("find_first", &["indexof", "index_of", "strpos"]),
    ("find_last", &["lastindexof", "last_index_of"]),
    ("pad_left", &["padstart", "lpad", "rjust"]),
    ("pad_right", &["padend", "rpad", "ljust"]),
    ("items", &["entries", "to_entries"]),
    ("from_items", &["fromentries", "from_entries"]),
    ("matches", &["match", "regex", "regex_match", "rlike"]),
    ("plus", &["add"]),
    ("minus", &["subtract", "sub"]),
    ("times", &["multiply", "mul"]),
    ("divided_by", &["divide", "div"]),
    ("modulo", &["mod"]),
    ("parse_time", &["to_timestamp", "strptime", "todate"]),
];

/// Rewrites the methods of values.
pub fn methods(mut words: Vec<Word>) -> Vec<Word> {
    while let Some(at) = words.windows(3).position(|three| {
        matches!(three, [dot, name, open] if dot.is(".") && known(name).is_some() && open.is("("))
    }) {
        let start = path_start(&words, at);
        let close = operand_end(&words, at + 3, &[]);
        let (Some(path @ [first, ..]), Some(inside)) =
            (words.get(start..at), words.get(at + 3..close))
        else {
            return words;
        };
        let function = words.get(at + 1).and_then(known).map(Function::name).unwrap_or_default();
        let comma = if inside.is_empty() { "" } else { ", " };
        let call = format!("{function}({}{comma}{})", text(path), text(inside).trim_start());
        let call = made(&call, first.is_glued);
        words.splice(start..(close + 1).min(words.len()), [call]);
    }
    words
}

/// The JMESPath function that a name means, if it is not one itself.
fn known(name: &Word) -> Option<Function> {
    if name.form != Form::Name {
        return None;
    }
    let lower = name.text.to_lowercase();
    let alias = NAMES.iter().find(|(_, others)| others.contains(&lower.as_str()));
    match alias {
        Some((known, _)) => Function::named(known),
        None => Function::misspelled(&lower),
    }
}

/// Where the path starts that ends before `end`.
fn path_start(words: &[Word], end: usize) -> usize {
    let mut start = end;
    let mut depth = 0_i32;
    while let Some(word) = start.checked_sub(1).and_then(|before| words.get(before)) {
        let is_part = depth < 0 || word.form != Form::Sign || word.is_any(&[".", "]", "[]", "*"]);
        if !is_part {
            break;
        }
        depth += word.depth_change();
        start -= 1;
        if depth == 0 && !word.is_glued {
            break;
        }
    }
    start
}

/// Rewrites calls of unknown functions. The last one first: the arguments of the others are
/// rewritten then.
pub fn calls(mut words: Vec<Word>) -> Vec<Word> {
    for at in (0..words.len()).rev() {
        let (Some(name), Some(open)) = (words.get(at), words.get(at + 1)) else { continue };
        if name.form != Form::Name || !open.is("(") || Function::named(&name.text).is_some() {
            continue;
        }
        let is_glued = name.is_glued;
        let close = operand_end(&words, at + 2, &[]);
        let inside = words.get(at + 2..close).unwrap_or_default();
        let given: Vec<String> = arguments(inside)
            .into_iter()
            .map(|argument| text(argument).trim().to_owned())
            .collect();
        if let Some(call) = rewritten(name, &given) {
            words.splice(at..(close + 1).min(words.len()), [made(&call, is_glued)]);
        }
    }
    words
}

fn rewritten(name: &Word, given: &[String]) -> Option<String> {
    let lower = name.text.to_lowercase();
    let simple = match (lower.as_str(), given) {
        (
            "has" | "exists" | "exist" | "defined" | "is_defined" | "isset" | "is_set" | "present"
            | "is_present" | "is_not_null" | "isnotnull" | "not_empty" | "notempty" | "bool",
            [field],
        ) => field.clone(),
        ("empty" | "isempty" | "is_empty" | "missing" | "is_missing" | "blank", [field])
        | ("not", [field]) => format!("!({field})"),
        ("is_null" | "isnull" | "isnil", [field]) => format!("{field} == `null`"),
        ("and", [_, _, ..]) => format!("({})", given.join(" && ")),
        ("or", [_, _, ..]) => format!("({})", given.join(" || ")),
        ("eq" | "equals" | "equal", [a, b]) => format!("{a} == {b}"),
        ("ne" | "neq", [a, b]) => format!("{a} != {b}"),
        ("gt", [a, b]) => format!("{a} > {b}"),
        ("lt", [a, b]) => format!("{a} < {b}"),
        ("iif" | "cond" | "ternary", [a, b, c]) => format!("if({a}, {b}, {c})"),
        ("in" | "in_array", [value, list]) => format!("contains({list}, {value})"),
        ("concat" | "concatenate", [_, ..]) => format!("join('', [{}])", given.join(", ")),
        _ => {
            let function = known(name)?;
            function.signature().check_count(given.len()).ok()?;
            format!("{}({})", function.name(), given.join(", "))
        }
    };
    Some(simple)
}
