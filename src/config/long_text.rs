//! The key `long_text` of an action.

use serde_json::Value as Json;

use super::kinds::Word;
use super::section::SettingValue;

/// The values of the key.
pub const LONG_TEXT: Word<LongText> =
    Word(&[("truncate", LongText::Truncate), ("split", LongText::Split)]);

/// What becomes of a text that is too long for one message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LongText {
    /// It is cut.
    #[default]
    Truncate,
    /// It is posted in parts.
    Split,
}

impl SettingValue for LongText {
    fn shown(&self) -> Json {
        LONG_TEXT.of(*self).into()
    }
}
