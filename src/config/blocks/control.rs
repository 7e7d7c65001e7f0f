//! `if`, `for_each`, `as` and `limit`: which blocks and list entries are shown, and how often.

use super::part::Each;
use super::scope::Scope;
use crate::config::action_text::{report, source_text};
use crate::config::located::Located;
use crate::config::reader::Reader;
use crate::config::tree::{Node, Value};
use crate::expression::template::{check_tag, filters_in_brackets};
use crate::expression::{Bindings, Expression};

/// The most elements of a list that `limit` can allow.
const MAX_LIMIT: f64 = 100.0;

/// The name of an element without `as`.
const ELEMENT: &str = "item";

/// The keys of a mapping, in the file's order.
pub type Entries<'n> = Vec<(Located, &'n Node)>;

/// The conditions of a block or an entry.
pub struct Control {
    pub each: Option<Each>,
    pub condition: Option<Expression>,
    /// The names that its texts can use.
    pub scope: Scope,
}

/// Returns the value of a key.
pub fn get<'n>(entries: &Entries<'n>, key: &str) -> Option<&'n Node> {
    entries.iter().find(|(name, _)| name.value == key).map(|(_, node)| *node)
}

/// Takes the conditions out of `entries`. `None`: one of them is wrong, which is reported.
pub fn take(entries: &mut Entries<'_>, scope: &Scope, reader: &mut Reader<'_>) -> Option<Control> {
    let is_loop = get(entries, "for_each").is_some();
    let is_control = |name: &str| match name {
        "if" | "for_each" => true,
        "as" | "limit" => is_loop,
        _ => false,
    };
    let (mine, others): (Entries<'_>, Entries<'_>) =
        std::mem::take(entries).into_iter().partition(|(name, _)| is_control(&name.value));
    *entries = others;
    let mut control = Control { each: None, condition: None, scope: scope.clone() };
    if let Some(node) = get(&mine, "for_each") {
        let list = expression(node, "for_each", scope, reader);
        let name = match get(&mine, "as") {
            Some(node) => variable(node, reader),
            None => Some(ELEMENT.to_owned()),
        };
        let limit = match get(&mine, "limit") {
            Some(node) => limit(node, reader).map(Some),
            None => Some(None),
        };
        let (list, name, limit) = (list?, name?, limit?);
        control.scope = scope.with_loop(&name);
        control.each = Some(Each { list, name: name.into(), limit });
    }
    if let Some(node) = get(&mine, "if") {
        control.condition = Some(expression(node, "if", &control.scope, reader)?);
    }
    Some(control)
}

fn expression(
    node: &Node,
    key: &str,
    scope: &Scope,
    reader: &mut Reader<'_>,
) -> Option<Expression> {
    let text = source_text(node, key, "write an expression, or remove the key", reader)?;
    let trimmed = text.value.trim();
    if trimmed.starts_with("{{") || trimmed.starts_with("{%") {
        let message = format!("`{key}` is an expression: it has no braces");
        let help = format!("write it as in a trigger: `{key}: \"$.comment\"`");
        reader.error(&text.at, message, help);
        return None;
    }
    let compiled = check_tag(&text.value)
        .and_then(|()| scope.expression(&text.value, &mut reader.expressions));
    let compiled = compiled.map_err(|error| report(&text, key, &error, false, reader)).ok()?;
    let unguarded = compiled.unguarded(reader.trigger.as_ref());
    let filters = filters_in_brackets(&text.value, true);
    for warning in compiled.warnings().iter().chain(&unguarded).chain(&filters) {
        report(&text, key, warning, true, reader);
    }
    Some(compiled)
}

/// Reads the name of an element.
fn variable(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
    let name = reader.filled(node, "as")?;
    if !Bindings::accepts(&name.value) {
        let message = format!("`as` cannot be `{}`", name.at.shown);
        let help = "write a name of letters, digits and `_`, other than `forloop` and `record`";
        reader.error(&name.at, message, help);
        return None;
    }
    Some(name.value)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number from 1 to 100"
)]
fn limit(node: &Node, reader: &mut Reader<'_>) -> Option<usize> {
    match node.value {
        Value::Number(count)
            if (1.0..=MAX_LIMIT).contains(&count) && count.fract().abs() < f64::EPSILON =>
        {
            Some(count as usize)
        }
        _ => {
            let message = "`limit` is not a whole number from 1 to 100";
            reader.error(node, message, "write the most elements to show, such as `limit: 20`");
            None
        }
    }
}
