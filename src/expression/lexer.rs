//! Splits an expression into tokens, for what the crate's parser cannot do: `$` and `$record`,
//! literals with all their digits, limits that are checked before anything recurses, and errors
//! with a remedy.
//!
//! Invariant: every token has the same offset in `plain`, the crate's input, as in the user's text.

use super::bindings::Bindings;
use super::error::{CompileError, refuse};
use super::limits::{MAX_DEPTH, MAX_SOURCE, MAX_TOKENS};
use crate::event::{Fault, Value};

mod number;

/// The kind of a token.
#[derive(Debug, Clone, PartialEq, Eq, Copy)]
pub enum Kind {
    Name,
    /// A name in double quotes.
    Quoted,
    /// A string in single quotes.
    Raw,
    /// JSON in backticks.
    Literal,
    Number,
    /// `$`.
    Root,
    /// `$record`.
    Record,
    /// `$name`: a loop's element, or `forloop`.
    Variable,
    /// `@`.
    Current,
    /// An operator or a bracket.
    Sign,
}

/// One token of an expression.
#[derive(Debug, Clone)]
pub struct Token<'s> {
    pub offset: usize,
    pub kind: Kind,
    pub text: &'s str,
    /// The value of a literal, and of a number that is a value; null for any other token.
    pub value: Value<'static>,
}

/// The tokens of an expression.
pub struct Tokens<'s> {
    /// All tokens, in order.
    pub all: Vec<Token<'s>>,
    /// The input of the crate's parser: the expression with `@` for `$` and for numbers that are
    /// values, and with `0` as the content of every literal.
    pub plain: String,
}

impl<'s> Tokens<'s> {
    /// Splits a whole expression.
    ///
    /// # Errors
    /// An unknown character, an unclosed quote or bracket, two operands without an operator, a
    /// literal that is not JSON, or a limit.
    pub fn read(source: &'s str) -> Result<Self, CompileError> {
        if source.len() > MAX_SOURCE {
            let message =
                format!("the expression has {} bytes, more than {MAX_SOURCE}", source.len());
            return refuse(MAX_SOURCE, message, "split it over several actions");
        }
        let mut tokens = Tokens { all: Vec::new(), plain: String::with_capacity(source.len()) };
        let mut offset = 0;
        while let Some(rest) = source.get(offset..).filter(|rest| !rest.is_empty()) {
            let first = rest.chars().next().unwrap_or_default();
            let (kind, length) =
                classify(rest, first, offset).map_err(|error| tokens.without_note(error))?;
            let text = rest.get(..length).unwrap_or(rest);
            offset += text.len();
            let Some(kind) = kind else {
                tokens.plain.push_str(text);
                continue;
            };
            tokens.push(Token { offset: offset - text.len(), kind, text, value: Value::Null })?;
        }
        tokens.check_shape(source.len())?;
        number::values(&mut tokens.all, &mut tokens.plain)?;
        Ok(tokens)
    }

    /// Checks that each `$name` is in scope.
    ///
    /// # Errors
    /// The first one that is not.
    pub fn check_variables(&self, bindings: &Bindings) -> Result<(), CompileError> {
        let variables = self.all.iter().filter(|token| token.kind == Kind::Variable);
        for token in variables {
            let name = token.text.trim_start_matches('$');
            if bindings.index(name).is_some() {
                continue;
            }
            let follows_dot = self.before(token.offset).is_some_and(|before| before.text == ".");
            let note = format!("; the field {name} is $.{name}, and `$record` is the Kafka record");
            let note = if follows_dot { "" } else { &note };
            let help = format!("write \"${name}\" for the field `${name}`{note}");
            return refuse(token.offset, format!("there is no `${name}`"), help);
        }
        Ok(())
    }

    /// Removes from a remedy what does not apply after a dot: that the name may start a path.
    fn without_note(&self, mut error: CompileError) -> CompileError {
        if self.all.last().is_some_and(|token| token.text == ".")
            && let Some((remedy, _)) = error.help.split_once("; ")
        {
            error.help = remedy.to_owned();
        }
        error
    }

    /// Returns the token that starts at this offset.
    pub fn at(&self, offset: usize) -> Option<&Token<'s>> {
        let at = self.all.binary_search_by_key(&offset, |token| token.offset).ok()?;
        self.all.get(at)
    }

    /// Returns the last token that starts before this offset.
    pub fn before(&self, offset: usize) -> Option<&Token<'s>> {
        let before = self.all.partition_point(|token| token.offset < offset);
        self.all.get(before.checked_sub(1)?)
    }

    fn push(&mut self, mut token: Token<'s>) -> Result<(), CompileError> {
        let length = token.text.len();
        match token.kind {
            Kind::Root | Kind::Record | Kind::Variable => {
                self.plain.push('@');
                self.plain.extend(std::iter::repeat_n(' ', length - 1));
            }
            Kind::Literal => {
                token.value = literal(&token)?;
                self.plain.push_str("`0");
                self.plain.extend(std::iter::repeat_n(' ', length - 3));
                self.plain.push('`');
            }
            _ => self.plain.push_str(token.text),
        }
        if let Some(before) = self.all.last()
            && before.ends_operand()
            && token.starts_operand()
        {
            return Err(two_operands(before, &token));
        }
        self.all.push(token);
        Ok(())
    }

    /// Checks limits and brackets. The crate's parser recurses without a limit, and so does the
    /// drop of its syntax tree: so this check comes before it.
    ///
    /// Depth is counted as the parser recurses: at brackets, prefixes, projections and comparisons,
    /// until `,`, `|`, `||` or `&&`.
    fn check_shape(&self, end: usize) -> Result<(), CompileError> {
        let Some(last) = self.all.last() else {
            return refuse(
                0,
                "the expression is empty",
                "write a field, such as `type == 'track'`",
            );
        };
        if self.all.len() > MAX_TOKENS {
            let message =
                format!("the expression has {} parts, more than {MAX_TOKENS}", self.all.len());
            let help =
                "write a long list of `a == 'x' || a == 'y'` as contains(`[\"x\", \"y\"]`, a)";
            return refuse(last.offset, message, help);
        }
        let mut levels: Vec<(&Token<'_>, usize)> = Vec::new();
        let mut top = 0;
        let mut depth = 0;
        for token in &self.all {
            match token.text {
                _ if token.kind != Kind::Sign => continue,
                "(" | "[" | "{" | "[?" => {
                    levels.push((token, top));
                    top = 0;
                    depth += 1;
                }
                ")" | "]" | "}" => {
                    let Some((open, outer)) =
                        levels.pop().filter(|(open, _)| closing(open.text) == token.text)
                    else {
                        let message = format!("`{}` closes nothing", token.text);
                        return refuse(
                            token.offset,
                            message,
                            "remove it or add what it should close",
                        );
                    };
                    depth -= top + 1;
                    top = outer;
                    if open.text.starts_with('[') {
                        top += 1;
                        depth += 1;
                    }
                }
                "," | "|" | "||" | "&&" => {
                    depth -= top;
                    top = 0;
                }
                "." | ":" => {}
                _ => {
                    top += 1;
                    depth += 1;
                }
            }
            if depth > MAX_DEPTH {
                let message = format!("the expression is nested deeper than {MAX_DEPTH} levels");
                return refuse(token.offset, message, "split it, or join its steps with `|`");
            }
        }
        if let Some((open, _)) = levels.pop() {
            let message = format!("`{}` is never closed", open.text);
            let help = format!("add `{}`", closing(open.text));
            return refuse(open.offset.min(end), message, help);
        }
        Ok(())
    }
}

impl Token<'_> {
    fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    fn ends_operand(&self) -> bool {
        match self.kind {
            Kind::Sign => matches!(self.text, ")" | "]" | "}" | "[]"),
            _ => true,
        }
    }

    fn starts_operand(&self) -> bool {
        match self.kind {
            Kind::Sign => matches!(self.text, "!" | "{" | "&"),
            _ => true,
        }
    }
}

/// Returns the bracket that closes this one.
fn closing(open: &str) -> &'static str {
    match open {
        "(" => ")",
        "{" => "}",
        _ => "]",
    }
}

/// Returns the kind and length of the token that `rest` starts with; no kind is white space.
fn classify(rest: &str, first: char, offset: usize) -> Result<(Option<Kind>, usize), CompileError> {
    let after = rest.get(first.len_utf8()..).unwrap_or_default();
    let delimited = |kind| Ok((Some(kind), delimited_length(rest, first, offset)?));
    let name_length =
        |text: &str| text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let sign = |length: usize| Ok((Some(Kind::Sign), length));
    match first {
        ' ' | '\n' | '\t' | '\r' => Ok((None, 1)),
        'a'..='z' | 'A'..='Z' | '_' => Ok((Some(Kind::Name), name_length(rest))),
        '0'..='9' => Ok((Some(Kind::Number), number::length(rest))),
        '-' if after.starts_with(|c: char| c.is_ascii_digit()) => {
            Ok((Some(Kind::Number), number::length(rest)))
        }
        '$' => match after.get(..name_length(after)).unwrap_or_default() {
            "" => Ok((Some(Kind::Root), 1)),
            "record" => Ok((Some(Kind::Record), 7)),
            name => Ok((Some(Kind::Variable), 1 + name.len())),
        },
        '@' => Ok((Some(Kind::Current), 1)),
        '"' => delimited(Kind::Quoted),
        '\'' => delimited(Kind::Raw),
        '`' => delimited(Kind::Literal),
        _ if ["[?", "[]", "||", "&&", "==", "!=", "<=", ">="]
            .iter()
            .any(|two| rest.starts_with(two)) =>
        {
            sign(2)
        }
        '.' | '[' | ']' | '*' | '|' | '{' | '}' | '&' | '(' | ')' | ',' | ':' | '<' | '>' | '!' => {
            sign(1)
        }
        _ => {
            let help = match first {
                '=' if after.starts_with('~') => {
                    "there is no such operator: matches(a, 'x.*y') searches by a regular expression"
                }
                '=' => "equality is written `==`",
                '?' => "a choice is written: condition && 'a' || 'b'",
                '-' if after.starts_with(char::is_whitespace) => {
                    "there are no arithmetic operators: write minus(a, b)"
                }
                '-' => "write a name with `-` in double quotes: \"user-id\"",
                '“' | '”' | '„' | '‘' | '’' => {
                    "write straight quotes: a text is 'text', a name is \"name\""
                }
                '+' => "there are no arithmetic operators: write plus(a, b)",
                '/' => "there are no arithmetic operators: write divided_by(a, b)",
                '%' => "there are no arithmetic operators: write modulo(a, b)",
                _ => {
                    "write a name with other characters than a-z, 0-9 and _ in double quotes: \
                     \"größe\""
                }
            };
            refuse(offset, format!("unexpected `{first}`"), help)
        }
    }
}

/// Returns the length of a token between two of the same delimiter, both included. The character
/// after a backslash is not a delimiter.
fn delimited_length(rest: &str, delimiter: char, offset: usize) -> Result<usize, CompileError> {
    let mut inside = rest.char_indices().skip(1);
    while let Some((at, c)) = inside.next() {
        if c == delimiter {
            return Ok(at + 1);
        }
        if c == '\\' {
            inside.next();
        }
    }
    let message = format!(
        "{} is never closed",
        if delimiter == '`' { "the backtick".into() } else { format!("`{delimiter}`") }
    );
    refuse(offset, message, format!("add the closing {delimiter}"))
}

fn literal(token: &Token<'_>) -> Result<Value<'static>, CompileError> {
    let content = token.text.get(1..token.text.len() - 1).unwrap_or_default().replace("\\`", "`");
    match Value::parse(&content) {
        Ok(value) => Ok(value.to_static()),
        Err(Fault::TooDeep) => {
            let message = "the literal is nested deeper than 127 levels";
            refuse(token.offset, message, "make it flatter")
        }
        Err(Fault::NotJson) if content.trim().is_empty() => {
            let help = "write JSON between the backticks, or '' for an empty text";
            refuse(token.offset, "the literal is empty", help)
        }
        Err(Fault::NotJson) => {
            let message = format!("{} is not JSON", brief(token.text));
            let help = format!(
                "a text is written '{}'; backticks hold JSON, such as `[5]` or `true`",
                brief(&content)
            );
            refuse(token.offset, message, help)
        }
    }
}

/// Returns the first 40 characters of a text, for a message.
pub fn brief(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn two_operands(before: &Token<'_>, token: &Token<'_>) -> CompileError {
    let message = format!(
        "`{}` follows `{}` with no operator between",
        brief(token.text),
        brief(before.text)
    );
    let word = |token: &Token<'_>| token.text.to_ascii_lowercase();
    let help = match (word(before).as_str(), word(token).as_str()) {
        ("and", _) | (_, "and") => "write `&&`",
        ("or", _) | (_, "or") => "write `||`",
        ("not", _) => "write `!(…)`",
        (_, "&") => "`and` is written `&&`; arguments are separated by commas",
        ("in", _) | (_, "in") => "write contains(list, value)",
        _ if before.kind == Kind::Name && token.kind == Kind::Number => {
            "write a name with other characters than a-z, 0-9 and _ in double quotes: \"user-1\""
        }
        _ if before.kind == Kind::Number && before.offset + before.text.len() == token.offset => {
            number::SPELLING
        }
        _ => "write an operator such as `==` or `&&`, or a comma, between them",
    };
    CompileError::new(token.offset, message, help)
}
