//! `${NAME}` in values of the configuration: variables of the environment.
//!
//! Invariant: an inserted value is not searched for further variables, and never shown.

/// Why a text cannot be expanded.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// Byte offset into the text.
    pub offset: usize,
    pub message: String,
    pub help: String,
}

/// Returns `text` with every `${NAME}` replaced and every `$${` turned into a plain `${`.
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
        let inside = &text[at + 2..];
        let name = inside.find('}').map(|end| &inside[..end]).filter(|name| is_name(name));
        let Some(name) = name else {
            return Err(Refused {
                offset: at,
                message: "malformed `${`".to_owned(),
                help: "write `${NAME}` (letters, digits and `_`), or `$${` for a plain `${`"
                    .to_owned(),
            });
        };
        let Some(value) = env(name) else {
            return Err(Refused {
                offset: at,
                message: format!("the environment variable `{name}` is not set"),
                help: format!("set `{name}`, or write `$${{` for a plain `${{`"),
            });
        };
        expanded.push_str(&value);
        from = at + 2 + name.len() + 1;
    }
    expanded.push_str(&text[from..]);
    Ok(expanded)
}

/// Returns the first `${NAME}` of `text`, for a warning where variables are not expanded.
pub fn first_variable(text: &str) -> Option<&str> {
    text.match_indices("${").find_map(|(at, _)| {
        let inside = &text[at + 2..];
        let end = inside.find('}')?;
        is_name(&inside[..end]).then(|| &text[at..at + 2 + end + 1])
    })
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
        for malformed in ["é${", "é${}", "é${A-B}", "é${2A}", "é${A:-x}", "é${A", "é${ A }"]
        {
            assert_eq!(expand(malformed), Err(2), "{malformed}");
        }
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
