//! Comparisons whose result is always the same.

use jmespath::ast::{Ast, Comparator};

use super::{Lints, offset_of};
use crate::event::View;
use crate::expression::error::{CompileError, refuse};
use crate::expression::lexer::brief;
use crate::expression::name::is_plain;
use crate::expression::node::{Node, RecordPart};
use crate::expression::signature::Function;

/// The types that `type()` names, with words of other languages for them.
const TYPES: [(&str, &[&str]); 6] = [
    ("array", &["list", "tuple", "slice", "vector"]),
    ("object", &["dict", "map", "hash", "struct", "record"]),
    ("string", &["str", "text", "char"]),
    ("number", &["int", "integer", "float", "double", "long", "decimal"]),
    ("boolean", &["bool"]),
    ("null", &["nil", "none", "undefined"]),
];

/// What a customer data platform writes into `type`.
const CALLS: [&str; 6] = ["track", "identify", "page", "screen", "group", "alias"];

impl Lints<'_, '_> {
    /// Checks a comparison of two syntax trees and their nodes.
    ///
    /// # Errors
    /// A comparison with a bare `true`, `false` or `null`, or of true or false with a value that is
    /// neither.
    pub fn check_comparison(
        &mut self,
        comparator: &Comparator,
        left: (&Ast, &Node),
        right: (&Ast, &Node),
    ) -> Result<(), CompileError> {
        self.refuse_constant(left.0)?;
        self.refuse_constant(right.0)?;
        let ordering = !matches!(comparator, Comparator::Equal | Comparator::NotEqual);
        for (this, other) in [(left, right), (right, left)] {
            let is_bool = matches!(this.1, Node::Not(_) | Node::Compare(..));
            if let (true, Node::Literal(value)) = (is_bool, other.1)
                && value.type_name() != "boolean"
            {
                let offset = offset_of(this.0);
                let message = format!("this compares true or false with a {}", value.type_name());
                let help = match this.1 {
                    Node::Not(_) => {
                        "`!` binds stronger than the comparison: write `!(a == 'x')` or `a != 'x'`"
                    }
                    _ => "write two comparisons joined by `&&`",
                };
                return refuse(offset, message, help);
            }
            if let (true, Node::Literal(value)) = (ordering, this.1)
                && value.type_name() != "number"
            {
                let message = format!(
                    "`<` and `>` order numbers only: with a {} this is always null",
                    value.type_name()
                );
                let help = "write the number without quotes: a > 5, or compare with `==`";
                self.warnings.push(CompileError::new(offset_of(this.0), message, help));
            }
        }
        let is_literal = |node: &Node| matches!(node, Node::Literal(_));
        match (self.quoted(left.0), self.quoted(right.0)) {
            (_, Some((offset, name))) if !is_literal(left.1) => self.warn_of_quoted(offset, &name),
            (Some((offset, name)), None) if !is_literal(right.1) && is_plain(&name) => {
                self.warn_of_quoted(offset, &name);
            }
            _ => {}
        }
        self.check_types(left.1, (right.0, right.1));
        self.check_types(right.1, (left.0, left.1));
        self.check_constants(left, right);
        if !ordering {
            self.check_word(left.1, right.0);
            self.check_word(right.1, left.0);
        }
        Ok(())
    }

    /// Warns of a comparison of a value whose type is known with a literal of another type.
    fn check_types(&mut self, this: &Node, (ast, other): (&Ast, &Node)) {
        let (Some((what, types)), Node::Literal(literal)) = (known_types(this), other) else {
            return;
        };
        let mut warn = |message: String, help: String| {
            self.warnings.push(CompileError::new(offset_of(ast), message, help));
        };
        let given = literal.type_name();
        if !types.contains(&given) {
            let wanted = types.first().copied().unwrap_or_default();
            let mut text = String::new();
            literal.write_text(&mut text);
            let help = match (given, wanted) {
                ("number", "string") => format!("a text is written '{}'", brief(&text)),
                ("string", "number") if text.parse::<f64>().is_ok() => {
                    format!("a number is written {}, without quotes", brief(&text))
                }
                _ => format!("compare it with a {wanted}"),
            };
            warn(format!("{what} is a {wanted}, never a {given}"), help);
        }
        if let (Node::Call(Function::Type, _), View::String(name)) = (this, literal.view())
            && TYPES.iter().all(|(known, _)| *known != name)
        {
            let lower = name.to_lowercase();
            let is_near = |(known, others): &&(&str, &[&str])| {
                *known == lower || others.contains(&lower.as_str())
            };
            let help = match TYPES.iter().find(is_near) {
                Some((known, _)) => format!("did you mean '{known}'?"),
                None => {
                    let names: Vec<_> = TYPES.iter().map(|(name, _)| *name).collect();
                    format!("the types are {}", names.join(", "))
                }
            };
            warn(format!("`type` never gives '{}'", brief(name)), help);
        }
    }

    /// Warns of a comparison of two literals, which is the same for every event.
    fn check_constants(&mut self, left: (&Ast, &Node), right: (&Ast, &Node)) {
        let (Node::Literal(a), Node::Literal(b)) = (left.1, right.1) else { return };
        let help = match (a.view(), b.view()) {
            (View::String(a), View::String(_)) if is_plain(a) => {
                format!("a field has no quotes: {} == '…'", brief(a))
            }
            _ => "compare a field with one of them".to_owned(),
        };
        let message = "this compares two constants: no event changes it";
        self.warnings.push(CompileError::new(offset_of(left.0), message, help));
    }

    /// Warns of a comparison with a bare word that is hardly a field: a call's name beside `type`,
    /// a yes or no, or a word in capitals beside a field in small letters.
    fn check_word(&mut self, this: &Node, other: &Ast) {
        let Some(token) = self.bare(other) else { return };
        let Some(last) = last_name(this) else { return };
        let word = token.text;
        let is_small = |name: &str| name.starts_with(|c: char| c.is_ascii_lowercase());
        let is_call = last == "type" && CALLS.contains(&word.to_ascii_lowercase().as_str());
        let is_answer = matches!(word.to_ascii_lowercase().as_str(), "yes" | "no");
        let is_capital = word.starts_with(|c: char| c.is_ascii_uppercase()) && is_small(last);
        if is_call || is_answer || is_capital {
            let message = format!("`{}` is the field `{}`, not a text", brief(word), brief(word));
            let help = format!("a text is written '{}'", brief(word));
            self.warnings.push(CompileError::new(token.offset, message, help));
        }
    }
}

/// Returns what a value is called, and its types, if they are known.
fn known_types(node: &Node) -> Option<(String, &'static [&'static str])> {
    let part = |part: &RecordPart| match part {
        RecordPart::Topic => Some(&["string"][..]),
        RecordPart::Partition | RecordPart::Offset => Some(&["number"][..]),
        RecordPart::Timestamp => Some(&["number", "null"][..]),
        RecordPart::Key => Some(&["string", "null"][..]),
        RecordPart::Headers => None,
    };
    Some(match node {
        Node::Path(steps) => match &**steps {
            [Node::RecordPart(RecordPart::Headers), Node::Field(_)] => {
                ("a header".to_owned(), &["string", "null"])
            }
            [step @ Node::RecordPart(_)] => return known_types(step),
            _ => return None,
        },
        Node::RecordPart(known) => (format!("`$record.{}`", known.as_str()), part(known)?),
        Node::Call(function, _) => {
            (format!("the result of `{}`", function.name()), function.gives()?)
        }
        _ => return None,
    })
}

/// Returns the last name of a path of names.
fn last_name(node: &Node) -> Option<&str> {
    match node {
        Node::Field(name) => Some(name),
        Node::Path(steps) => steps.last().and_then(last_name),
        _ => None,
    }
}
