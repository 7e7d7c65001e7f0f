//! The texts of an action: templates, and the report of what is wrong with them.

use ::url::Url;

use super::environment;
use super::located::Located;
use super::reader::Reader;
use super::tree::Node;
use super::yaml_traps;
use crate::block_kit::text::is_color;
use crate::expression::template::Template;
use crate::expression::{CompileError, is_about_people};

/// Reads a text with variables.
pub fn message(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Template> {
    let help = match key {
        "message" => "write the text to post",
        _ => "give it a value, or remove the key",
    };
    let text = source_text(node, key, help, reader)?;
    let template = Template::compile_with(&text.value, &mut reader.expressions);
    let template = template.map_err(|error| report(&text, key, &error, false, reader)).ok()?;
    warn_of(&template, &text, key, reader);
    yaml_traps::warn(node, key, &text, &template.outline(), reader);
    Some(template)
}

/// Reports the warnings of a template.
pub fn warn_of(template: &Template, text: &Located, key: &str, reader: &mut Reader<'_>) {
    for warning in template.warnings(reader.trigger.as_ref()) {
        if !(reader.has_people && is_about_people(&warning)) {
            report(text, key, &warning, true, reader);
        }
    }
}

/// Reads the color of a bar. May contain variables.
pub fn color(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Template> {
    let template = message(node, key, reader)?;
    if template.constant().is_some_and(|color| !is_color(color.trim())) {
        let help = "write `good`, `warning`, `danger`, or a color such as `\"#36a64f\"`";
        reader.error(node, "`color` is not a color that Slack knows", help);
        return None;
    }
    Some(template)
}

/// Reads the URL of a picture. May contain variables.
pub fn icon_url(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Template> {
    let template = message(node, key, reader)?;
    let is_url = |text: &str| {
        Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    };
    // A URL without variables can be checked now.
    if template.constant().is_some_and(|text| !is_url(text.trim())) {
        let help = "write a complete one: `https://host/picture.png`";
        reader.error(node, "`icon_url` is not a URL", help);
    }
    Some(template)
}

/// Reads the name of an emoji. May contain variables.
pub fn icon_emoji(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Template> {
    let template = message(node, key, reader)?;
    let has_name = |text: &str| text.contains(char::is_alphanumeric);
    if template.source().contains("://") {
        reader.error(node, "`icon_emoji` is a URL", "write it as `icon_url`");
    } else if template.constant().is_some_and(|text| !has_name(text)) {
        let help = "write its name, such as `:bell:`";
        reader.warn(node, "`icon_emoji` is not the name of an emoji", help);
    }
    Some(template)
}

/// Reads the text of an expression or a template. `help` is the remedy for an empty one.
pub fn source_text(node: &Node, key: &str, help: &str, reader: &mut Reader<'_>) -> Option<Located> {
    let text = reader.located(node, key)?;
    if yaml_traps::is_cut(node, key, reader) {
        return None;
    }
    if text.value.trim().is_empty() {
        reader.error(&text.at, format!("`{key}` is empty"), help);
        return None;
    }
    if let Some(variable) = environment::first_variable(&text.value)
        && !text.at.hidden
    {
        let message = format!("`{variable}` is not expanded in an action's `{key}`");
        let help =
            "variables are expanded in `kafka`, `apps` and `webhooks` only; write the value itself";
        reader.warn(&text.at, message, help);
    }
    Some(text)
}

/// Reports an error or a warning of the compiler at its place in the file.
pub fn report(
    text: &Located,
    key: &str,
    error: &CompileError,
    is_warning: bool,
    reader: &mut Reader<'_>,
) {
    let exact = text.at.exact(reader.source, &text.value, error.offset);
    let mut message = format!("{key}: {}", error.message);
    let mut help = error.help.clone();
    if text.at.hidden {
        // The author aliased a secret, and the compiler's message would quote it.
        message = format!("`{key}` does not compile");
        "write the text itself, without a secret and not as an alias".clone_into(&mut help);
    } else if exact.is_none() {
        let before = text.value.get(..error.offset).unwrap_or(&text.value);
        message = format!("{message} (at character {})", before.chars().count() + 1);
    }
    let offset = exact.unwrap_or(text.at.start);
    if is_warning {
        reader.warn(offset, message, help);
    } else {
        reader.error(offset, message, help);
    }
}
