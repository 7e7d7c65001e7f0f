//! Where the author's backticks open and close code.
//!
//! Pure. Code that the author does not close is text: of a block (three backticks) anywhere, of a
//! span (one backtick) on the same line.

/// The kind of code that a variable is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Block,
    Span,
}

/// Reads the backticks of a template in their order.
#[derive(Default)]
pub struct Backticks {
    /// The code that is not closed yet, and the number of variables before it.
    open: Option<(Code, usize)>,
}

impl Backticks {
    /// Reads `count` adjacent backticks after `variables` variables. If they close code, returns
    /// its kind and the number of variables before it.
    pub fn read(&mut self, count: usize, variables: usize) -> Option<(Code, usize)> {
        let code = match count {
            1 => Code::Span,
            2 => return None,
            _ => Code::Block,
        };
        match self.open {
            Some((open, _)) if open == code => self.open.take(),
            Some((Code::Block, _)) => None,
            _ => {
                self.open = Some((code, variables));
                None
            }
        }
    }

    /// Reads a line break.
    pub fn end_line(&mut self) {
        self.open = self.open.filter(|(code, _)| *code == Code::Block);
    }
}
