//! The words of an expression in any language, read as far as possible.

/// A word of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Of a text or a name in quotes, the content.
    pub text: String,
    pub form: Form,
    /// Whether no white space is before it.
    pub is_glued: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Name,
    /// A name in double quotes.
    Quoted,
    /// A text in single quotes.
    Text,
    Number,
    /// A literal in backticks, with them.
    Json,
    Sign,
    /// A part that is JMESPath already.
    Done,
}

const SIGNS: [&str; 22] = [
    "===", "!==", "=~", "!~", "==", "!=", "<=", ">=", "<>", "=>", "=<", "&&", "||", "??", "?:",
    "?.", "[?", "[]", "{{", "}}", "::", "->",
];

impl Word {
    pub fn sign(text: &str, is_glued: bool) -> Self {
        Word { text: text.to_owned(), form: Form::Sign, is_glued }
    }

    pub fn is(&self, sign: &str) -> bool {
        self.form == Form::Sign && self.text == sign
    }

    pub fn is_any(&self, signs: &[&str]) -> bool {
        self.form == Form::Sign && signs.contains(&self.text.as_str())
    }

    pub fn is_comparison(&self) -> bool {
        self.is_any(&["==", "!=", "<", "<=", ">", ">="])
    }

    pub fn depth_change(&self) -> i32 {
        match self.form {
            Form::Sign if matches!(&*self.text, "(" | "[" | "[?" | "{") => 1,
            Form::Sign if matches!(&*self.text, ")" | "]" | "}") => -1,
            _ => 0,
        }
    }

    pub fn ends_operand(&self) -> bool {
        self.form != Form::Sign || self.is_any(&[")", "]", "}", "[]", "*"])
    }

    pub fn starts_operand(&self) -> bool {
        self.form != Form::Sign || self.is_any(&["(", "[", "{", "!", "."])
    }
}

/// Splits an expression; `None` if a quote is never closed.
pub fn read(source: &str) -> Option<Vec<Word>> {
    let mut words: Vec<Word> = Vec::new();
    let mut rest = source;
    let mut is_glued = false;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            rest = rest.trim_start();
            is_glued = false;
            continue;
        }
        let before = words.last();
        let (form, text, length) = next(rest, first, before)?;
        words.push(Word { text, form, is_glued });
        is_glued = true;
        rest = rest.get(length..)?;
    }
    Some(words)
}

fn next(rest: &str, first: char, before: Option<&Word>) -> Option<(Form, String, usize)> {
    let closed_by = |close: char| {
        let inside = rest.get(first.len_utf8()..)?;
        let mut is_escaped = false;
        let end = inside.find(|c| {
            let is_end = c == close && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        })?;
        Some((inside.get(..end)?.to_owned(), first.len_utf8() + end + close.len_utf8()))
    };
    let quoted = |form, close| closed_by(close).map(|(text, length)| (form, text, length));
    let is_after = |signs: &[&str]| before.is_some_and(|word| word.is_any(signs));
    let is_digit = |c: char| c.is_ascii_digit();
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    match first {
        '\'' => quoted(Form::Text, '\''),
        '"' => quoted(Form::Quoted, '"'),
        '`' => {
            quoted(Form::Json, '`').map(|(form, text, length)| (form, format!("`{text}`"), length))
        }
        '“' | '”' | '„' => {
            let close = rest.chars().skip(1).find(|c| matches!(c, '“' | '”'))?;
            quoted(Form::Text, close)
        }
        '‘' | '’' | '‚' => {
            let close = rest.chars().skip(1).find(|c| matches!(c, '‘' | '’'))?;
            quoted(Form::Text, close)
        }
        '/' if is_after(&["=~", "!~"]) => quoted(Form::Text, '/'),
        '0'..='9' | '-'
            if first != '-'
                || rest[1..].starts_with(is_digit) && !before.is_some_and(Word::ends_operand) =>
        {
            let sign = usize::from(first == '-');
            let mut length = sign + digits(rest.get(sign..)?);
            let fraction = rest.get(length..)?.strip_prefix('.').map_or(0, digits);
            if fraction > 0 && !is_after(&["."]) {
                length += 1 + fraction;
            }
            Some((Form::Number, rest.get(..length)?.to_owned(), length))
        }
        _ if first.is_alphabetic() || first == '_' || first == '$' || is_at_name(rest) => {
            let length = name_length(rest);
            Some((Form::Name, rest.get(..length)?.to_owned(), length))
        }
        '@' => Some((Form::Name, "@".to_owned(), 1)),
        _ => {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let text = sign.map_or_else(|| first.to_string(), |sign| (*sign).to_owned());
            let length = text.len();
            Some((Form::Sign, text, length))
        }
    }
}

/// Whether a name starts with `@`, as in `@timestamp`.
fn is_at_name(rest: &str) -> bool {
    rest.strip_prefix('@').is_some_and(|name| name.starts_with(char::is_alphabetic))
}

/// The length of a name, with the `-` and `$` in it.
fn name_length(rest: &str) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        let is_inner_dash = c == '-' && characters.peek().is_some_and(|(_, next)| is_part(*next));
        if !is_part(c) && !is_inner_dash {
            return at;
        }
    }
    rest.len()
}

/// Returns words as an expression.
pub fn text(words: &[Word]) -> String {
    let mut out = String::new();
    for word in words {
        if !word.is_glued && !out.is_empty() {
            out.push(' ');
        }
        match word.form {
            Form::Text => out.push_str(&format!("'{}'", escaped(&word.text))),
            Form::Quoted => out.push_str(&format!("\"{}\"", word.text)),
            _ => out.push_str(&word.text),
        }
    }
    out
}

/// Escapes single quotes that are not escaped yet.
fn escaped(content: &str) -> String {
    let mut out = String::new();
    let mut is_escaped = false;
    for c in content.chars() {
        if c == '\'' && !is_escaped {
            out.push('\\');
        }
        is_escaped = c == '\\' && !is_escaped;
        out.push(c);
    }
    out
}
