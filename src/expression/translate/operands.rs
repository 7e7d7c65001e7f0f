//! Constants: bare `true` and `null`, texts in double quotes.

use super::words::{Form, Word};
use crate::expression::lint::constant::constant;

/// Rewrites constants.
pub fn constants(mut words: Vec<Word>) -> Vec<Word> {
    for at in 0..words.len() {
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        let (Some(word), after) = (words.get(at), words.get(at + 1)) else { continue };
        let is_before = |signs: &[&str]| before.is_some_and(|word| word.is_any(signs));
        let is_after = |signs: &[&str]| after.is_some_and(|word| word.is_any(signs));
        let is_path = is_before(&["."]) || is_after(&[".", "[", "[?", "[]", "("]);
        let form = match word.form {
            Form::Name if !is_path && !is_key(before, after) => match constant(&word.text) {
                Some(json) => format!("`{json}`"),
                None => continue,
            },
            Form::Quoted if !is_path && before.is_some_and(Word::is_comparison) => {
                if let Some(word) = words.get_mut(at) {
                    word.form = Form::Text;
                }
                continue;
            }
            _ => continue,
        };
        if let Some(word) = words.get_mut(at) {
            *word = Word { text: form, form: Form::Json, is_glued: word.is_glued };
        }
    }
    words
}

/// Whether a name is the key of `{name: value}`.
fn is_key(before: Option<&Word>, after: Option<&Word>) -> bool {
    before.is_some_and(|word| word.is_any(&["{", ","])) && after.is_some_and(|word| word.is(":"))
}
