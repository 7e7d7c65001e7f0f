//! How a rendered text is made: how its values are escaped, and where it is cut.

/// How values are escaped, `{{{ … }}}` aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// `&`, `<`, `>` of values become `&amp;`, `&lt;`, `&gt;`, as Slack's page on formatting
    /// requires. More only where a variable is in a link or a quote of the author's, or a value
    /// would start a quote.
    Slack,
    /// The same for a message with `link_names`: a value's `@name` and `#name` stay text, too.
    SlackNames,
    /// Values are inserted unchanged: for the payload's other fields, which Slack does not format.
    Nothing,
    /// White space, `<`, `>`, `"`, pipes and control characters of values are percent-encoded: for
    /// the URLs of blocks.
    Url,
}

/// How a rendered text is made.
#[derive(Clone, Copy)]
pub struct Form {
    pub escape: Escape,
    /// The length in bytes from which on the text is cut anyway.
    pub enough: usize,
}

/// Cuts a text that is longer than `enough` bytes and not blank before there; returns whether it
/// did. A blank start is not cut: whether a message is empty depends on all of it.
pub fn clip(out: &mut String, enough: usize) -> bool {
    let end = out.floor_char_boundary(enough);
    let clips = end < out.len() && !out[..end].trim_start().is_empty();
    if clips {
        out.truncate(end);
    }
    clips
}
