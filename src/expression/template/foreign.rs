//! Forms of other template languages, with ours.

mod words;

use crate::expression::compiled::Expression;
use crate::expression::error::{CompileError, refuse};
use crate::expression::lexer::{Kind, Tokens, brief};
use crate::expression::signature::Function;
use crate::expression::translate::argument;

pub use words::{check_tag, check_when};

/// Filters of other languages, and what is written in their place.
const FILTERS: [(&str, &str); 24] = [
    ("upcase", "`upper`"),
    ("uppercase", "`upper`"),
    ("downcase", "`lower`"),
    ("lowercase", "`lower`"),
    ("strip", "`trim`"),
    ("titlecase", "`title`"),
    ("currency", "`money: 'EUR'`"),
    ("format_number", "`number`"),
    ("number_with_delimiter", "`number`"),
    ("append", "the text after the variable: `{{ name }} text`"),
    ("prepend", "the text before the variable: `text {{ name }}`"),
    ("where", "`items[?key == 'value']`"),
    ("select", "`items[?key]`"),
    ("slice", "`items[0:5]` for a list, `truncate: 5` for a text"),
    ("remove", "`replace: 'x', ''`"),
    ("count", "`length`"),
    ("len", "`length`"),
    ("tojson", "`json`"),
    ("to_json", "`json`"),
    ("jsonify", "`json`"),
    ("int", "`to_number`"),
    ("float", "`to_number`"),
    ("string", "`to_string`"),
    ("urlencode", "`url_encode`"),
];

/// Tags of other languages, and what is written in their place.
const TAGS: [(&str, &str); 17] = [
    ("elif", "write `{% elsif condition %}`"),
    ("elseif", "write `{% elsif condition %}`"),
    ("break", "choose the elements before the loop: `{% for x in items[?paid] limit: 1 %}`"),
    ("continue", "choose the elements before the loop: `{% for x in items[?paid] %}`"),
    ("assign", "write the expression where its value is used"),
    ("set", "write the expression where its value is used"),
    ("with", "write the expression where its value is used"),
    ("let", "write the expression where its value is used"),
    ("capture", "write the text where it is used"),
    ("include", "write the text itself"),
    ("render", "write the text itself"),
    ("partial", "write the text itself"),
    ("import", "write the text itself"),
    ("cycle", "write `{% if modulo(forloop.index, 2) == 0 %}`"),
    ("range", "write `{% for item in items %}`"),
    ("each", "write `{% for item in items %}`"),
    ("foreach", "write `{% for item in items %}`"),
];

/// The tags that there are.
const KNOWN: [&str; 15] = [
    "if",
    "elsif",
    "else",
    "endif",
    "unless",
    "endunless",
    "case",
    "when",
    "endcase",
    "for",
    "endfor",
    "comment",
    "endcomment",
    "raw",
    "endraw",
];

/// Words that a block of another language consists of, and ours.
const PARTS: [(&str, &str); 9] = [
    ("else", "{% else %}"),
    ("end", "{% endif %}"),
    ("endif", "{% endif %}"),
    ("endfor", "{% endfor %}"),
    ("endunless", "{% endunless %}"),
    ("endeach", "{% endfor %}"),
    ("elif", "{% elsif condition %}"),
    ("elsif", "{% elsif condition %}"),
    ("elseif", "{% elsif condition %}"),
];

/// Words that start a block of another language, before its condition.
const STARTS: [&str; 15] = [
    "if", "unless", "range", "with", "each", "for", "block", "define", "template", "include",
    "partial", "import", "set", "assign", "case",
];

/// The error of a filter that does not exist; `value` is what is before its pipe.
pub fn unknown_filter(name: &str, value: Option<&str>, offset: usize) -> CompileError {
    let field = value.map(|value| format!("{value}.{name}"));
    let field = field.filter(|code| code.len() <= 80 && Expression::compile(code).is_ok());
    let field = field.unwrap_or_else(|| format!(".{name}"));
    let known = FILTERS.iter().find(|(foreign, _)| foreign.eq_ignore_ascii_case(name));
    let remedy = match (known, Function::misspelled(name)) {
        (Some((_, ours)), _) => format!("write {ours}"),
        (None, Some(nearest)) => format!("did you mean `{}`", nearest.name()),
        (None, None) => "remove it".to_owned(),
    };
    let help = format!("{remedy}; a field is written `{field}`");
    CompileError::new(offset, format!("unknown filter `{}`", brief(name)), help)
}

/// The error of a tag that does not exist; `end` is the end of the innermost open block.
pub fn unknown_tag(word: &str, offset: usize, end: Option<&str>) -> CompileError {
    if let Some(start) = word.strip_prefix("end").filter(|it| matches!(*it, "comment" | "raw")) {
        let message = format!("`{{% {word} %}}` without a `{{% {start} %}}` before it");
        let help = format!("write `{{% {start} %}}` before it, or remove it");
        return CompileError::new(offset, message, help);
    }
    let message = format!("unknown tag `{}`", brief(word));
    let lower = word.to_ascii_lowercase();
    let help = match TAGS.iter().find(|(foreign, _)| *foreign == lower) {
        Some((_, ours)) => (*ours).to_owned(),
        None if word == "end" => format!("write `{{% {} %}}`", end.unwrap_or("endif")),
        None => match nearest_tag(&lower) {
            Some(nearest) => format!("did you mean `{{% {nearest} %}}`"),
            None => format!("the tags are {}", KNOWN.join(", ")),
        },
    };
    CompileError::new(offset, message, help)
}

fn nearest_tag(word: &str) -> Option<&'static str> {
    let word = word.get(..20.min(word.len()))?;
    let near = KNOWN.iter().map(|known| (strsim::damerau_levenshtein(word, known), *known));
    let (distance, nearest) = near.min_by_key(|(distance, _)| *distance)?;
    (distance <= (nearest.len() / 3).clamp(1, 2)).then_some(nearest)
}

/// Returns warnings about names of filters after a pipe in brackets or in a tag, where they are
/// fields. `expression` is the author's text, and `is_tag` whether it is that of a tag, or another
/// one that takes no filters.
pub fn filters_in_brackets(expression: &str, is_tag: bool) -> Vec<CompileError> {
    let Ok(tokens) = Tokens::read(expression) else { return Vec::new() };
    let mut warnings = Vec::new();
    let mut depth = 0_usize;
    for (at, token) in tokens.all.iter().enumerate() {
        match token.text {
            _ if token.kind != Kind::Sign => {}
            "(" | "[" | "{" | "[?" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "|" if is_tag || depth > 0 => {
                let name = tokens.all.get(at + 1).filter(|next| next.kind == Kind::Name);
                let after = tokens.all.get(at + 2).map(|token| token.text);
                let is_field = match after {
                    None | Some(")" | "]" | "}" | "," | "|" | ":" | "&&" | "||") => true,
                    Some(sign) => matches!(sign, "==" | "!=" | "<" | "<=" | ">" | ">="),
                };
                let Some(name) = name.filter(|_| is_field) else { continue };
                let Some(function) = Function::named(name.text) else { continue };
                let value = value_before(expression, &tokens, at);
                let call = format!("{}({})", function.name(), value.unwrap_or("name"));
                let message = format!("`| {}` is the field `{}` here", name.text, name.text);
                let help =
                    format!("write `{call}`; filters are only outside of brackets in {{{{ }}}}");
                warnings.push(CompileError::new(name.offset, message, help));
            }
            _ => {}
        }
    }
    warnings
}

/// The path before the token at `pipe`, if there is only one in the brackets.
fn value_before<'e>(expression: &'e str, tokens: &Tokens<'_>, pipe: usize) -> Option<&'e str> {
    let before = tokens.all.get(..pipe)?;
    let is_path = |kind: Kind, text: &str| kind != Kind::Sign || text == ".";
    let start = before.iter().rposition(|token| !is_path(token.kind, token.text));
    let start = start.map_or(0, |at| at + 1);
    let first = before.get(start)?.offset;
    let value = expression.get(first..tokens.all.get(pipe)?.offset)?.trim();
    (!value.is_empty() && value.len() <= 60).then_some(value)
}

/// Refuses a variable that is a form of another language.
///
/// # Errors
/// The remedy in the variable's own names, with its offset inside the variable.
pub fn check_variable(inside: &str) -> Result<(), CompileError> {
    let trimmed = inside.trim_start_matches('~').trim_start();
    if trimmed.len() < inside.len() {
        let plain = trimmed.trim_end_matches('~').trim_end();
        check_block(plain, inside.len() - trimmed.len())?;
        let message = "`{{~` is a form of another template language";
        return refuse(0, message, format!("write `{{{{- {} -}}}}`", brief(plain)));
    }
    check_block(inside, 0)
}

fn check_block(inside: &str, offset: usize) -> Result<(), CompileError> {
    let word_length = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let (word, rest) = inside.split_at(word_length.unwrap_or(inside.len()));
    let condition = rest.trim();
    if let Some(sign) = inside.chars().next().filter(|sign| "#/^>".contains(*sign)) {
        let after = inside.get(1..).unwrap_or_default().trim();
        let message = format!("`{{{{{sign}` is a form of another template language");
        return refuse(offset, message, sign_help(sign, after));
    }
    if inside.starts_with("!--") || inside.starts_with('!') && inside.contains(". ") {
        let help = "write `{% comment %} … {% endcomment %}`";
        return refuse(offset, "`{{!` is a comment of another template language", help);
    }
    if inside.starts_with('&') {
        let name = inside.trim_start_matches('&').trim();
        let help = format!("a value that is not escaped is written {{{{{{ {} }}}}}}", brief(name));
        return refuse(offset, "`{{&` is a form of another template language", help);
    }
    if inside.starts_with('.')
        && let Err(error) = Expression::compile(inside)
    {
        let ours = error.help.strip_prefix("write ").filter(|ours| !ours.contains('`'));
        let ours = ours.filter(|ours| Expression::compile(ours).is_ok());
        let help = ours.map(|ours| format!("write `{ours}`"));
        return refuse(offset, "a field has no dot before it", help.unwrap_or(error.help));
    }
    let starts_condition =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '\'' | '"' | '(' | '!');
    let has_condition =
        rest.starts_with(char::is_whitespace) && condition.starts_with(starts_condition);
    let is_operator = ["in ", "is ", "and ", "or "].iter().any(|word| condition.starts_with(word));
    let lower = word.to_ascii_lowercase();
    if lower == "range" && condition.is_empty() {
        let help = format!("write `{{% for item in items %}}`; a field of that name is $.{word}");
        return refuse(offset, format!("`{{{{ {word} }}}}` would be the field `{word}`"), help);
    }
    if lower == "else"
        && let Some(next) = condition.strip_prefix("if ")
    {
        let help = block_help("elsif", next.trim());
        return refuse(offset, "`{{ else if … }}` is a form of another template language", help);
    }
    if let Some((_, ours)) = PARTS.iter().find(|(part, _)| *part == lower)
        && (condition.is_empty() || has_condition && !is_operator)
    {
        let message = format!("`{{{{ {word} }}}}` would be the field `{word}`");
        let help = format!("write `{ours}`; a field of that name is $.{word}");
        return refuse(offset, message, help);
    }
    if STARTS.contains(&&*lower) && has_condition && !is_operator {
        let message = format!("`{word}` is not a function: tags are written in {{% %}}");
        return refuse(offset, message, block_help(&lower, condition));
    }
    Ok(())
}

/// The remedy for `{{#word condition}}` and its kin.
fn sign_help(sign: char, after: &str) -> String {
    let (word, condition) = match after.split_once(char::is_whitespace).or(Some((after, ""))) {
        Some((word, condition)) if STARTS.contains(&word) => (word, condition.trim()),
        _ => ("if", after),
    };
    match sign {
        '#' => block_help(word, condition),
        '^' => block_help("unless", condition),
        '/' => match after {
            "each" | "range" | "for" => "write `{% endfor %}`".to_owned(),
            "unless" => "write `{% endunless %}`".to_owned(),
            _ => "write `{% endif %}`".to_owned(),
        },
        _ => "write the text itself: a template includes no other one".to_owned(),
    }
}

/// The remedy for a block of another language that starts with `word`.
fn block_help(word: &str, condition: &str) -> String {
    let compiled = |text: &str| {
        let text = argument(text);
        text.filter(|text| text.len() <= 80 && Expression::compile(text).is_ok())
    };
    match word {
        "each" | "range" | "for" => {
            let list = condition.rsplit(" in ").next().unwrap_or(condition);
            let list = list.rsplit(":=").next().unwrap_or(list).trim();
            let list = list.split(" as ").next().unwrap_or(list);
            let list = compiled(list).unwrap_or_else(|| "items".to_owned());
            format!("write `{{% for item in {list} %}}`")
        }
        "if" | "elsif" | "unless" | "case" => {
            let condition = compiled(condition).unwrap_or_else(|| "name".to_owned());
            format!("write `{{% {word} {condition} %}}`")
        }
        _ => TAGS
            .iter()
            .find(|(foreign, _)| *foreign == word)
            .map_or_else(|| "write the text itself".to_owned(), |(_, ours)| (*ours).to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
