//! Functions on the case of letters.

use super::call::Call;
use crate::event::Value;
use crate::expression::error::EvalError;

/// What ends a word for `title`, as in Jinja.
fn is_between_words(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '(' | '[' | '{' | '<')
}

impl<'r> Call<'_, 'r> {
    pub fn lower(&self) -> Result<Value<'r>, EvalError> {
        self.recased(str::to_lowercase)
    }

    pub fn upper(&self) -> Result<Value<'r>, EvalError> {
        self.recased(str::to_uppercase)
    }

    /// Returns the text with its first letter as a capital, and small letters after it.
    pub fn capitalize(&self) -> Result<Value<'r>, EvalError> {
        self.recased(|text| {
            let mut rest = text.chars();
            let first = rest.next().into_iter().flat_map(char::to_uppercase);
            let mut out: String = first.collect();
            out.push_str(&rest.as_str().to_lowercase());
            out
        })
    }

    /// Returns the text with each word capitalized.
    pub fn title(&self) -> Result<Value<'r>, EvalError> {
        self.recased(|text| {
            let mut out = String::with_capacity(text.len());
            let mut is_start = true;
            for c in text.chars() {
                if is_start {
                    out.extend(c.to_uppercase());
                } else {
                    out.extend(c.to_lowercase());
                }
                is_start = is_between_words(c);
            }
            out
        })
    }

    fn recased(&self, recase: fn(&str) -> String) -> Result<Value<'r>, EvalError> {
        let text = self.text(0);
        // A character has at most three in another case.
        self.budget.made(text.len())?;
        self.budget.steps(text.len() / 4)?;
        self.budget.text(recase(text))
    }
}
