//! `${NAME}` and `${NAME:-default}` in values of the configuration: variables of the environment.
//!
//! Invariant: an inserted value is not searched for further variables, and never shown.

/// What separates a name from its default, as in shells.
const DEFAULT: &str = ":-";

/// Why a text cannot be expanded.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// Byte offset into the text.
    pub offset: usize,
    pub message: String,
    pub help: String,
}

/// Returns `text` with every variable replaced and every `$${` turned into a plain `${`. A default
/// takes the place of a variable that is unset or empty.
pub fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, Refused> {
    let mut expanded = String::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("${").map(|at| from + at) {
        if text[from..at].ends_with('$') {
            expanded.push_str(&text[from..at - 1]);
            expanded.push_str("${");
            from = at + 2;
            continue;
        }
        expanded.push_str(&text[from..at]);
        let refused = |message: String, help: String| Refused { offset: at, message, help };
        let Some((inside, name, default)) = variable(&text[at..]) else {
            let help = "write `${NAME}` (letters, digits and `_`) or `${NAME:-default}`, \
                        or `$${` for a plain `${`";
            return Err(refused("malformed `${`".to_owned(), help.to_owned()));
        };
        if default.is_some_and(|default| default.contains("${")) {
            let help = "write the default out: no variable is replaced in it";
            return Err(refused(
                format!("the default of `{name}` contains `${{`"),
                help.to_owned(),
            ));
        }
        let value = env(name).filter(|value| default.is_none() || !value.is_empty());
        let Some(value) = value.as_deref().or(default) else {
            let help = format!(
                "set `{name}`, write `${{{name}:-default}}` with a default, \
                 or `$${{` for a plain `${{`"
            );
            return Err(refused(format!("the environment variable `{name}` is not set"), help));
        };
        expanded.push_str(value);
        from = at + "${}".len() + inside.len();
    }
    expanded.push_str(&text[from..]);
    Ok(expanded)
}

/// Returns the first variable of `text`, for a warning where variables are not expanded.
pub fn first_variable(text: &str) -> Option<&str> {
    text.match_indices("${").find_map(|(at, _)| {
        let (inside, ..) = variable(&text[at..])?;
        Some(&text[at..at + "${}".len() + inside.len()])
    })
}

/// The variable that `text` starts with: what its braces contain, its name, and its default.
fn variable(text: &str) -> Option<(&str, &str, Option<&str>)> {
    let inside = text.strip_prefix("${")?;
    let inside = &inside[..inside.find('}')?];
    let (name, default) = match inside.split_once(DEFAULT) {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    is_name(name).then_some((inside, name, default))
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "A" => Some("one".to_owned()),
            "_B2" => Some("${A}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn variables_are_replaced_once() {
        let expand = |text| expand(text, &env).map_err(|refused| refused.offset);
        assert_eq!(expand("plain $A $ {A}"), Ok("plain $A $ {A}".to_owned()));
        assert_eq!(expand("x${A}${A}y"), Ok("xoneoney".to_owned()));
        assert_eq!(expand("${_B2}"), Ok("${A}".to_owned()));
        assert_eq!(expand("${EMPTY}"), Ok(String::new()));
        assert_eq!(expand("$${A} ${A}"), Ok("${A} one".to_owned()));
        assert_eq!(expand("a${NOPE}"), Err(1));
        for malformed in [
            "é${",
            "é${}",
            "é${A-B}",
            "é${2A}",
            "é${A",
            "é${ A }",
            "é${:-x}",
            "é${A:-x",
            "é${A:=x}",
            "é${A:?x}",
            "é${A :-x}",
        ] {
            assert_eq!(expand(malformed), Err(2), "{malformed}");
        }
    }

    #[test]
    fn a_default_takes_the_place_of_a_variable_that_is_unset_or_empty() {
        let expand = |text| expand(text, &env).map_err(|refused| refused.message);
        for (text, expanded) in [
            ("${NOPE:-x}", "x"),
            ("${A:-x}", "one"),
            ("${EMPTY:-x}", "x"),
            ("${NOPE:-}", ""),
            ("${NOPE:-:-$A}", ":-$A"),
            ("a${NOPE:-http://h:1/é}b${A}", "ahttp://h:1/ébone"),
            ("${_B2:-x}", "${A}"),
            ("$${NOPE:-x}", "${NOPE:-x}"),
        ] {
            assert_eq!(expand(text), Ok(expanded.to_owned()), "{text}");
        }
        for nested in ["${NOPE:-${A}}", "${A:-${A}}", "${NOPE:-x$${A}}"] {
            let message = expand(nested).unwrap_err();
            assert!(message.ends_with("` contains `${`"), "{nested}: {message}");
        }
    }

    #[test]
    fn the_first_variable_is_found_with_its_default() {
        assert_eq!(first_variable("a ${ ${2} ${A} ${B}"), Some("${A}"));
        assert_eq!(first_variable("a ${A:-x y} b"), Some("${A:-x y}"));
        assert_eq!(first_variable("a ${A:+x} ${"), None);
    }

    proptest! {
        #[test]
        fn any_text_survives_escaping(text in "[$a{}é]{0,12}") {
            // Escaping every `${` and expanding is the identity, unless a `$` right before a `${`
            // makes the escape ambiguous.
            prop_assume!(!text.contains("$${"));
            let escaped = text.replace("${", "$${");
            prop_assert_eq!(expand(&escaped, &|_| None).unwrap(), text);
        }
    }
}
