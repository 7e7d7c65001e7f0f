//! The positions of the quotes in a JSON text, found 64 bytes at a time.
//!
//! Quotes that are not escaped open and close strings in turn. A reader that has their positions
//! never searches for the end of a string, which makes it faster than one that reads byte by byte
//! (the idea is simdjson's: Langdale and Lemire, 2019).
//! Invariant: memory is constant, whatever the text: one window of the text is indexed at a time.

use super::simd::{self, BLOCK, Classes, Kernel, Simd, Specials};

/// The number of blocks in a window.
const WINDOW: usize = 64;

/// The room for positions: twice the most quotes of a window, since those of a block are written
/// eight at a time. A power of two.
const CAPACITY: usize = 2 * BLOCK * WINDOW;

/// The bit of a block's last byte.
const LAST: u64 = 1 << 63;

/// The number of positions that are written without counting: few blocks have more quotes.
const UNCOUNTED: usize = 8;

/// The room for a window's positions, reused for every text. It is allocated at its first use.
#[derive(Debug, Clone, Default)]
pub struct QuoteBuffer(Vec<u32>);

/// The quotes of one text, in order.
pub struct QuoteIndex<'t, 'p> {
    bytes: &'t [u8],
    positions: &'p mut [u32],
    /// The index of the next position to return.
    at: usize,
    /// The number of positions in this window.
    count: usize,
    /// Where the next window starts in the text.
    window: usize,
    /// 1 if the next window's first byte is escaped, otherwise 0.
    escaped: u64,
    /// Whether a string is open after the quotes so far.
    open: bool,
    /// The first and the last backslash so far.
    backslashes: (usize, usize),
    /// The first control character within a string so far.
    control: usize,
    /// Not 0 after a byte beyond ASCII.
    high: u64,
    /// Whether there was a backslash or a control character so far.
    pub special: bool,
}

/// The positions of a string's two quotes.
#[derive(Clone, Copy)]
pub struct StringSpan {
    /// The opening quote.
    pub open: usize,
    /// The closing quote.
    pub close: usize,
}

impl<'t, 'p> QuoteIndex<'t, 'p> {
    /// Returns the index of a text of less than 2^32 bytes.
    #[inline(always)]
    pub fn new(bytes: &'t [u8], buffer: &'p mut QuoteBuffer) -> Self {
        buffer.0.resize(CAPACITY, 0);
        QuoteIndex {
            bytes,
            positions: &mut buffer.0,
            at: 0,
            count: 0,
            window: 0,
            escaped: 0,
            open: false,
            backslashes: (usize::MAX, 0),
            control: usize::MAX,
            high: 0,
            special: false,
        }
    }

    /// Whether the text is ASCII so far.
    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        self.high == 0
    }

    /// Returns the next string; `None` at the end, or if it is never closed.
    #[inline(always)]
    pub fn string(&mut self) -> Option<StringSpan> {
        if let Some(string) = self.peek() {
            self.at += 2;
            return Some(string);
        }
        Some(StringSpan { open: self.next()?, close: self.next()? })
    }

    /// Returns the next string without advancing, if both quotes are in this window.
    #[inline(always)]
    pub fn peek(&self) -> Option<StringSpan> {
        if self.at + 2 <= self.count
            && let Some([open, close]) = self.positions.get(self.at..self.at + 2)
        {
            return Some(StringSpan { open: *open as usize, close: *close as usize });
        }
        None
    }

    /// Whether `string`, the last one returned, may contain a backslash.
    #[inline(always)]
    pub fn may_be_escaped(&self, string: StringSpan) -> bool {
        let (first, last) = self.backslashes;
        first < string.close && string.open < last
    }

    /// Whether `string`, the last one returned, contains a control character.
    #[inline(always)]
    pub fn has_control(&self, string: StringSpan) -> bool {
        self.control < string.close
    }

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.at == self.count && !self.fill() {
            return None;
        }
        let position = *self.positions.get(self.at)?;
        self.at += 1;
        Some(position as usize)
    }

    /// Indexes the next window that has a quote; returns whether there is one.
    #[inline(never)]
    fn fill(&mut self) -> bool {
        (self.at, self.count) = (0, 0);
        while self.count == 0 && self.window < self.bytes.len() {
            simd::dispatch(&mut *self);
        }
        self.count > 0
    }

    #[inline(always)]
    fn block(&mut self, block: &[u8; BLOCK], simd: impl Simd) {
        let Classes { mut quotes, special, high } = simd.classify(block);
        self.high |= high;
        if special | self.escaped != 0 {
            quotes = self.without_escaped(quotes, simd.specials(block));
        }
        self.write(quotes);
        self.window += BLOCK;
    }

    #[inline(always)]
    fn write(&mut self, mut quotes: u64) {
        let start = u32::try_from(self.window).unwrap_or(u32::MAX);
        let count = quotes.count_ones() as usize;
        // The next block overwrites what is written after the last position.
        if let Some(positions) = self.positions.get_mut(self.count..self.count + UNCOUNTED) {
            for position in positions {
                // With the last bit always set, `trailing_zeros` needs no check for 0.
                *position = start.wrapping_add((quotes | LAST).trailing_zeros());
                quotes &= quotes.wrapping_sub(1);
            }
        }
        if let Some(positions) = self.positions.get_mut(self.count + UNCOUNTED..self.count + BLOCK)
        {
            for position in positions {
                if quotes == 0 {
                    break;
                }
                *position = start.wrapping_add(quotes.trailing_zeros());
                quotes &= quotes - 1;
            }
        }
        self.count += count;
        self.open ^= count % 2 == 1;
    }

    /// Handles a block with backslashes or control characters: returns the quotes that are not
    /// escaped, and records the control characters within strings.
    #[inline(always)]
    fn without_escaped(
        &mut self,
        quotes: u64,
        Specials { backslashes, controls }: Specials,
    ) -> u64 {
        self.special = true;
        if backslashes != 0 {
            let (first, last) = self.backslashes;
            let first_here = self.window + backslashes.trailing_zeros() as usize;
            let last_here = self.window + 63 - backslashes.leading_zeros() as usize;
            self.backslashes = (first.min(first_here), last.max(last_here));
        }
        let quotes = quotes & !self.escaped_by(backslashes);
        let within = controls & (prefixes(quotes) ^ if self.open { u64::MAX } else { 0 });
        if within != 0 {
            self.control = self.control.min(self.window + within.trailing_zeros() as usize);
        }
        quotes
    }

    /// Returns the escaped bytes: those after a backslash that is not escaped itself. In a run of
    /// backslashes, every second one is.
    #[inline(always)]
    fn escaped_by(&mut self, backslashes: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        // The carry of the addition runs through each run of backslashes that starts at an odd
        // position, and inverts what is escaped in it (simdjson).
        let backslashes = backslashes & !self.escaped;
        let follows = backslashes << 1 | self.escaped;
        let odd_starts = backslashes & !EVEN & !follows;
        let (sum, carried) = odd_starts.overflowing_add(backslashes);
        self.escaped = u64::from(carried);
        (EVEN ^ (sum << 1)) & follows
    }
}

/// Returns bits of which bit n is the parity of bits 0 to n: of quotes, where a string is open.
#[inline(always)]
fn prefixes(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

/// Indexes the next window.
impl Kernel for &mut QuoteIndex<'_, '_> {
    #[inline(always)]
    fn run(self, simd: impl Simd) {
        let rest = self.bytes.get(self.window..).unwrap_or_default();
        let (blocks, tail) = rest.as_chunks::<BLOCK>();
        for block in blocks.iter().take(WINDOW) {
            self.block(block, simd);
        }
        if blocks.len() < WINDOW && !tail.is_empty() {
            let mut padded = [b' '; BLOCK];
            for (to, from) in padded.iter_mut().zip(tail) {
                *to = *from;
            }
            self.block(&padded, simd);
        }
    }
}
