//! Forms of other template languages: blocks, filters, comments.

use crate::expression::compiled::Expression;
use crate::expression::error::{CompileError, refuse};
use crate::expression::lexer::brief;
use crate::expression::translate::argument;

/// Words that a block of another language consists of.
const PARTS: [&str; 9] =
    ["else", "end", "endif", "endfor", "endunless", "endeach", "elif", "elsif", "elseif"];

/// Words that start a block of another language, before its condition.
const STARTS: [&str; 15] = [
    "if", "unless", "range", "with", "each", "for", "block", "define", "template", "include",
    "partial", "import", "set", "assign", "case",
];

/// Functions that other languages have as filters, and their names there. `$` is the value.
const FILTERS: [(&str, &[&str]); 6] = [
    ("length($)", &["length", "size", "count", "len"]),
    ("$[0]", &["first"]),
    ("$[-1]", &["last"]),
    ("to_string($)", &["json", "tojson", "to_json", "jsonify", "string"]),
    ("to_number($)", &["int", "float", "number"]),
    ("sum($)", &["sum"]),
];

/// Refuses `{%` in a template's own text, which starts at `start` of its source.
///
/// # Errors
/// The remedy for a block, and for the characters themselves.
pub fn check_text(text: &str, start: usize) -> Result<(), CompileError> {
    let Some(at) = text.find("{%") else { return Ok(()) };
    let message = "there are no blocks: `{%` would be posted unchanged";
    let help = "write a condition as {{ name && 'text' }}; `{%` itself is written {{ '{%' }}";
    refuse(start + at, message, help)
}

/// Refuses a variable that is a form of another language.
///
/// # Errors
/// The remedy in the variable's own names, with its offset inside the variable.
pub fn check_variable(inside: &str) -> Result<(), CompileError> {
    let trimmed = inside.trim_start_matches(['-', '~']).trim_start();
    if trimmed.len() < inside.len() && !trimmed.starts_with(|c: char| c.is_ascii_digit()) {
        let plain = trimmed.trim_end_matches(['-', '~']).trim_end();
        check_block(plain, inside.len() - trimmed.len())?;
        let message = "`{{-` is a form of other template languages";
        return refuse(0, message, format!("write {{{{ {} }}}}", brief(plain)));
    }
    check_block(inside, 0)?;
    check_filter(inside)
}

fn check_block(inside: &str, offset: usize) -> Result<(), CompileError> {
    let word_length = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let (word, rest) = inside.split_at(word_length.unwrap_or(inside.len()));
    let condition = rest.trim();
    let is_word = |known: &[&str]| known.contains(&word.to_ascii_lowercase().as_str());
    if let Some(sign) = inside.chars().next().filter(|sign| "#/^>".contains(*sign)) {
        let after = inside.get(1..).unwrap_or_default().trim();
        let condition = match after.split_once(char::is_whitespace) {
            Some((word, condition)) if STARTS.contains(&word) => condition.trim(),
            _ => after,
        };
        let is_negated = sign == '^' || after.starts_with("unless");
        let condition = if matches!(sign, '#' | '^') { condition } else { "" };
        let message = format!("there are no blocks or partials: `{{{{{sign}` is not a variable");
        return refuse(offset, message, block_help(condition, is_negated));
    }
    if inside.starts_with("!--") || inside.starts_with('!') && inside.contains(". ") {
        let help = "remove it, or write a comment of YAML outside of the text";
        return refuse(offset, "there are no comments in a template", help);
    }
    if inside.starts_with('&') {
        let name = inside.trim_start_matches('&').trim();
        let help = format!("a value that is not escaped is written {{{{{{ {} }}}}}}", brief(name));
        return refuse(offset, "`{{&` is a form of another template language", help);
    }
    if inside.starts_with('.')
        && let Err(error) = Expression::compile(inside)
    {
        return refuse(offset, "a field has no dot before it", error.help);
    }
    let starts_condition =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '\'' | '"' | '(' | '!');
    let has_condition =
        rest.starts_with(char::is_whitespace) && condition.starts_with(starts_condition);
    let is_operator = ["in ", "is ", "and ", "or "].iter().any(|word| condition.starts_with(word));
    if is_word(&PARTS) && (condition.is_empty() || has_condition && !is_operator) {
        let message = format!("there are no blocks: `{word}` would be the field `{word}`");
        let help = format!("{}; a field of that name is $.{word}", block_help("", false));
        return refuse(offset, message, help);
    }
    if is_word(&STARTS) && has_condition && !is_operator {
        let is_negated = word == "unless";
        let message = format!("there are no blocks: `{word}` is not a function");
        return refuse(offset, message, block_help(condition, is_negated));
    }
    Ok(())
}

/// The remedy for a block with this condition.
fn block_help(condition: &str, is_negated: bool) -> String {
    let condition = argument(condition)
        .filter(|condition| condition.len() <= 80 && Expression::compile(condition).is_ok());
    let condition = condition.unwrap_or_else(|| "name".to_owned());
    let condition = if is_negated { format!("!({condition})") } else { condition };
    format!("write a text with a condition as {{{{ {condition} && 'text' }}}}")
}

/// Refuses a bare name after a pipe outside of brackets, which other languages call a filter.
fn check_filter(inside: &str) -> Result<(), CompileError> {
    let Some(pipe) = filter(inside) else { return Ok(()) };
    let value = inside.get(..pipe).unwrap_or_default().trim();
    let after = inside.get(pipe + 1..).unwrap_or_default();
    let name_start = pipe + 1 + (after.len() - after.trim_start().len());
    let after = after.trim_start();
    let length = name_length(after);
    let (name, rest) = after.split_at(length);
    let given = rest.trim_start_matches([':', ' ']);
    let given = given.get(..next_pipe(given).unwrap_or(given.len())).unwrap_or_default().trim();
    let function = FILTERS.iter().find(|(_, names)| names.contains(&name));
    let (code, is_function) = match name {
        "default" => {
            let given = argument(given).filter(|given| Expression::compile(given).is_ok());
            (format!("{value} || {}", given.as_deref().unwrap_or("'text'")), true)
        }
        "join" => {
            let glue = argument(given).filter(|glue| Expression::compile(glue).is_ok());
            (format!("join({}, {value})", glue.as_deref().unwrap_or("', '")), true)
        }
        _ => match function {
            Some((function, _)) => (function.replace('$', value), true),
            None => (format!("{value}.{name}"), false),
        },
    };
    let message = format!("`| {}` would take a field: there are no filters", brief(name));
    let help = match (Expression::compile(&code).is_ok(), is_function) {
        (false, _) => "there are no filters yet: remove it".to_owned(),
        (true, true) => format!("write {code}; the field is written {value}.{name}"),
        (true, false) => format!("there are no filters yet; the field is written `{code}`"),
    };
    refuse(name_start, message, help)
}

fn name_length(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// Where the first pipe is that a bare name follows, which is not a function.
fn filter(inside: &str) -> Option<usize> {
    let mut start = 0;
    loop {
        let pipe = start + next_pipe(inside.get(start..)?)?;
        let after = inside.get(pipe + 1..)?.trim_start();
        let length = name_length(after);
        let is_name = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if is_name && !after.get(length..)?.trim_start().starts_with('(') {
            return Some(pipe);
        }
        start = pipe + 1;
    }
}

/// Where the first pipe is, outside of quotes and brackets.
fn next_pipe(text: &str) -> Option<usize> {
    let mut depth = 0_i32;
    let mut quote = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => drop(characters.next()),
            (Some(mark), _) if mark == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, '|') if characters.next_if(|(_, next)| *next == '|').is_some() => {}
            (None, '|') if depth == 0 => return Some(at),
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use crate::expression::template::Template;

    fn refused(template: &str) -> (usize, String) {
        let error = Template::compile(template).err();
        let error = error.unwrap_or_else(|| panic!("{template} compiles"));
        (error.offset, error.help)
    }

    #[test]
    fn blocks_are_refused_with_a_condition_in_their_place() {
        for (template, condition) in [
            ("{{#if name}}x{{/if}}", "name"),
            ("{{#if user.name == 'x'}}x{{/if}}", "user.name == 'x'"),
            ("{{#unless name}}x{{/unless}}", "!(name)"),
            ("{{#name}}x{{/name}}", "name"),
            ("{{^name}}x{{/name}}", "!(name)"),
            ("{{/name}}", "name"),
            ("{{> partial}}", "name"),
            ("{{ if .name }}x", "name"),
            ("{{ if eq .name \"x\" }}x", "name"),
            ("{{- if .user.name -}}x", "user.name"),
            ("{{ range .items }}x", "items"),
            ("{{else}}", "name"),
            ("{{ else if .b }}", "name"),
            ("{{ end }}", "name"),
            ("{{- end -}}", "name"),
            ("{{{else}}}", "name"),
            ("{{ endif }}", "name"),
        ] {
            let help = refused(template).1;
            let start = format!("write a text with a condition as {{{{ {condition} && 'text' }}}}");
            assert!(help.starts_with(&start), "{template}: {help}");
        }
        assert_eq!(refused("é {% if a %}").0, 3);
        assert!(refused("{{a}} {% if a %}").1.contains("{{ '{%' }}"));
        assert!(refused("{{ end }}").1.ends_with("a field of that name is $.end"));
        assert_eq!(refused("{{- name -}}"), (2, "write {{ name }}".to_owned()));
        assert_eq!(refused("{{&name}}").1, "a value that is not escaped is written {{{ name }}}");
        assert_eq!(refused("{{!-- a comment --}}").0, 2);
        assert_eq!(refused("{{ .name }}"), (3, "write name".to_owned()));
        assert_eq!(refused("{{ .user.name }}"), (3, "write user.name".to_owned()));
    }

    #[test]
    fn filters_are_refused_with_what_is_there_instead() {
        for (template, help) in [
            ("{{ name | upcase }}", "there are no filters yet; the field is written `name.upcase`"),
            ("{{plan|title}}", "there are no filters yet; the field is written `plan.title`"),
            ("{{{ a.b | c }}}", "there are no filters yet; the field is written `a.b.c`"),
            (
                "{{ items[0] | title | x }}",
                "there are no filters yet; the field is written `items[0].title`",
            ),
            ("{{ name | default: 'x' }}", "write name || 'x'; the field is written name.default"),
            (
                "{{ name | default: \"x\" | upcase }}",
                "write name || 'x'; the field is written name.default",
            ),
            ("{{ name | default 'x' }}", "write name || 'x'; the field is written name.default"),
            ("{{ total | default: 0 }}", "write total || `0`; the field is written total.default"),
            ("{{ items | size }}", "write length(items); the field is written items.size"),
            ("{{ tags | join: '/' }}", "write join('/', tags); the field is written tags.join"),
            ("{{ items | first }}", "write items[0]; the field is written items.first"),
            (
                "{{ total | round: 2 }}",
                "there are no filters yet; the field is written `total.round`",
            ),
            (
                "{{ at | date: \"%Y-%m\" }}",
                "there are no filters yet; the field is written `at.date`",
            ),
            ("{{ 'x' | upcase }}", "there are no filters yet: remove it"),
        ] {
            let found = refused(template).1;
            // A field of a text compiles, and is always null.
            if template.contains("'x' | upcase") {
                assert!(found.starts_with("there are no filters yet"), "{found}");
                continue;
            }
            assert_eq!(found, help, "{template}");
        }
        assert_eq!(refused("é {{ name | upcase }}").0, 13);
    }

    #[test]
    fn what_only_resembles_them_is_a_variable() {
        for template in [
            "{{ items | [0] }}",
            "{{ items | length(@) }}",
            "{{ items | \"a\" }}",
            "{{ items | @ }}",
            "{{ items | *.a }}",
            "{{ items[?a || b] }}",
            "{{ (a | b) }}",
            "{{ items[?a | b] }}",
            "{{ a || b }}",
            "{{ '| x' }}",
            "{{ `\"| x\"` }}",
            "{{ '{%' }} {{ '{%' }}",
            "{{ $.end }}",
            "{{ \"end\" }}",
            "{{ end.date }}",
            "{{ end || 'x' }}",
            "{{ else == 'x' }}",
            "{{ if.a }}",
            "{{ range }}",
            "{{ with || a }}",
            "{{ set }} {{ block[0] }}",
            "{{ !name }}",
            "{{ ending }} {{ iffy }}",
            "100 % { %} {#sales}",
        ] {
            Template::compile(template).unwrap_or_else(|error| panic!("{template}: {error}"));
        }
    }
}
