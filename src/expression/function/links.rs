//! Functions that make Slack's markup: links, mentions, channels.

use super::call::Call;
use crate::event::{Value, View};
use crate::expression::error::EvalError;
use crate::expression::format::links;

impl<'r> Call<'_, 'r> {
    /// Returns a link. Where the first text is not a URL of the web or a mail address: the second
    /// one, or the first one if it is missing.
    pub fn link(&self) -> Result<Value<'r>, EvalError> {
        let url = self.text(0);
        let text = match self.value(1).view() {
            View::Null => None,
            _ => Some(self.as_text(1)?).filter(|text| !text.trim().is_empty()),
        };
        self.budget.steps((url.len() + text.as_deref().map_or(0, str::len)) / 4)?;
        match links::link(url, text.as_deref()) {
            Some(link) => self.marked(link),
            None => self.budget.text(text.unwrap_or_else(|| url.to_owned())),
        }
    }

    /// Returns the mention of a user's ID, or of an e-mail address of `people`; another text
    /// unchanged.
    pub fn mention(&self) -> Result<Value<'r>, EvalError> {
        let text = self.text(0).trim();
        let of_people = || links::mention(self.context.people?.id(text)?, text);
        // A group's ID is only in `people`: as a text of an event, it stays text.
        let of_id = || links::mention(text, &format!("@{text}")).filter(|_| !text.starts_with('S'));
        of_id()
            .or_else(of_people)
            .map_or_else(|| Ok(self.value(0).clone()), |mention| self.marked(mention))
    }

    /// Returns the link to a channel's ID; another text unchanged.
    pub fn channel(&self) -> Result<Value<'r>, EvalError> {
        let channel = links::channel(self.text(0).trim());
        channel.map_or_else(|| Ok(self.value(0).clone()), |channel| self.marked(channel))
    }
}
