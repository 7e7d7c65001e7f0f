//! Mentions of e-mail addresses, which need the configuration's `people`.

use jmespath::ast::Ast;

use super::{Lints, offset_of};
use crate::expression::error::CompileError;

/// The warning, which only a configuration without `people` reports.
const MESSAGE: &str = "`mention` of an e-mail address, without `people` to find it in";

/// Whether a warning is about a mention that `people` would serve.
pub fn is_about_people(warning: &CompileError) -> bool {
    warning.message == MESSAGE
}

impl Lints<'_, '_> {
    /// Warns of a mention whose argument is, by its text or its name, an e-mail address.
    pub fn check_mention(&mut self, argument: &Ast) {
        if is_mail(argument) {
            let help = "name a file of lines `e-mail,ID`: `people: {file: people.csv}`";
            self.warnings.push(CompileError::new(offset_of(argument), MESSAGE, help));
        }
    }
}

/// Whether an expression is a constant address, or a field with `mail` in its name.
fn is_mail(mut ast: &Ast) -> bool {
    while let Ast::Subexpr { rhs, .. } = ast {
        ast = rhs;
    }
    match ast {
        Ast::Literal { value, .. } => value.as_string().is_some_and(|text| text.contains('@')),
        Ast::Field { name, .. } => name.to_ascii_lowercase().contains("mail"),
        _ => false,
    }
}
