//! Functions on parts of strings, as JEP-14 of JMESPath Community specifies them: an index and a
//! width count characters (Unicode scalar values).

use std::ops::Range;

use super::call::Call;
use crate::event::Value;
use crate::expression::error::EvalError;

impl<'r> Call<'_, 'r> {
    /// Returns the text without white space, or the characters of the second argument, at its ends.
    pub fn trim(&self) -> Result<Value<'r>, EvalError> {
        let (text, set) = (self.text(0), self.text(1));
        self.budget.bytes_read(text.len())?;
        self.budget.steps(set.len())?;
        let mut chars: Vec<char> = set.chars().collect();
        chars.sort_unstable();
        let is_trimmed = |c: char| match set.is_empty() {
            true => c.is_whitespace(),
            false => chars.binary_search(&c).is_ok(),
        };
        let end = text.trim_end_matches(is_trimmed).len();
        let rest = text.get(..end).unwrap_or_default();
        let start = end - rest.trim_start_matches(is_trimmed).len();
        // Each character that is cut off was compared, those between were not.
        self.budget.steps((text.len() - end + start) / 2)?;
        self.part(start..end)
    }

    /// Returns the text with characters before it, or after it, up to a width.
    pub fn pad(&self, is_left: bool) -> Result<Value<'r>, EvalError> {
        let text = self.text(0);
        self.budget.bytes_read(text.len())?;
        let width = usize::try_from(self.whole(1).unwrap_or(0)).unwrap_or(usize::MAX);
        let missing = width.saturating_sub(text.chars().count());
        if missing == 0 {
            return Ok(self.value(0).clone());
        }
        let pad = self.text(2).chars().next().unwrap_or(' ');
        let size = missing.saturating_mul(pad.len_utf8()).saturating_add(text.len());
        if size > self.budget.left() {
            return Err(self.budget.too_much());
        }
        let padding = std::iter::repeat_n(pad, missing);
        let mut out = String::with_capacity(size);
        if is_left {
            out.extend(padding);
            out.push_str(text);
        } else {
            out.push_str(text);
            out.extend(padding);
        }
        self.budget.text(out)
    }

    /// Returns the text with a part of it replaced: everywhere, or the first few times.
    pub fn replace(&self) -> Result<Value<'r>, EvalError> {
        let (text, old, new) = (self.text(0), self.text(1), self.text(2));
        self.budget.bytes_read(text.len() + old.len())?;
        if old.is_empty() {
            return Ok(self.value(0).clone());
        }
        let most = self.count(3);
        let mut out = String::new();
        let mut end = 0;
        for (at, _) in text.match_indices(old).take(most) {
            self.budget.step()?;
            let before = text.get(end..at).unwrap_or_default();
            if out.len() + before.len() + new.len() > self.budget.left() {
                return Err(self.budget.too_much());
            }
            out.push_str(before);
            out.push_str(new);
            end = at + old.len();
        }
        if end == 0 {
            return Ok(self.value(0).clone());
        }
        out.push_str(text.get(end..).unwrap_or_default());
        self.budget.text(out)
    }

    /// Returns the parts of the text between the occurrences of another one; its characters, if
    /// that is empty.
    pub fn split(&self) -> Result<Value<'r>, EvalError> {
        let (text, separator) = (self.text(0), self.text(1));
        self.budget.bytes_read(text.len() + separator.len())?;
        let most = self.count(2);
        let mut parts = Vec::new();
        let mut start = 0;
        while parts.len() < most {
            let rest = text.get(start..).unwrap_or_default();
            let found = match rest.chars().next() {
                Some(first) if separator.is_empty() => Some(first.len_utf8()),
                _ if separator.is_empty() => None,
                _ => rest.find(separator),
            };
            let Some(length) = found else { break };
            self.budget.step()?;
            self.budget.made(size_of::<Value<'_>>())?;
            parts.push(self.part(start..start + length)?);
            start += length + separator.len();
        }
        if !separator.is_empty() || start < text.len() || most == 0 {
            parts.push(self.part(start..text.len())?);
        }
        Ok(parts.into())
    }

    /// Returns the index of the first or last occurrence of a part, null without one.
    pub fn find(&self, is_first: bool) -> Result<Value<'r>, EvalError> {
        let (text, part) = (self.text(0), self.text(1));
        self.budget.bytes_read(text.len().saturating_mul(3) + part.len())?;
        if part.is_empty() {
            return Ok(Value::Null);
        }
        let range = self.range(text);
        let start = range.start;
        let inside = text.get(range).unwrap_or_default();
        let found = if is_first { inside.find(part) } else { inside.rfind(part) };
        let before = found.and_then(|at| text.get(..start + at));
        Ok(before.map_or(Value::Null, |before| count_value(before.chars().count())))
    }

    /// Returns the bytes of the characters from the third to the fourth argument, each of which
    /// counts from the end if it is negative.
    fn range(&self, text: &str) -> Range<usize> {
        let place = |at: usize, missing: usize| {
            let Some(index) = self.values.get(at).and(self.whole(at)) else { return missing };
            let length = text.chars().count();
            let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
            let index = if index < 0 { length.saturating_sub(distance) } else { distance };
            text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
        };
        let (start, end) = (place(2, 0), place(3, text.len()));
        start.min(end)..end
    }

    /// Returns the most replacements or cuts: the optional argument at this index.
    fn count(&self, at: usize) -> usize {
        let count = self.values.get(at).and(self.whole(at));
        count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Returns a part of the first argument: borrowed from the event if that is.
    fn part(&self, range: Range<usize>) -> Result<Value<'r>, EvalError> {
        if let Value::Text(text) = self.value(0) {
            return Ok(Value::Text(text.get(range).unwrap_or_default()));
        }
        // What an allocation takes besides its bytes.
        self.budget.steps(2)?;
        self.budget.made(2 * size_of::<usize>())?;
        self.budget.text(self.text(0).get(range).unwrap_or_default().to_owned())
    }
}

fn count_value(count: usize) -> Value<'static> {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}
