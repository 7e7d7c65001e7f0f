//! Where in a JSON text its quotes are: 64 bytes at a time, so that a string's end is known before anybody looks for it.
//!
//! Which quotes open and which close is plain: they take turns. A reader that walks the text with these in hand never waits for one string's end to find the
//! next string's beginning, which is what makes it faster than one that looks byte by byte (the idea is simdjson's: Langdale and Lemire, 2019).
//! Invariant: space is constant, whatever the text: a window of marks is made when the one before is used up.

use super::look::{self, BLOCK, Closer, Look, Looked, Work};

/// Blocks of a window.
const WINDOW: usize = 64;

/// Places for marks: twice the most that a window can have, since a block's are written eight at a time. A power of two.
const PLACES: usize = 2 * BLOCK * WINDOW;

/// The last of 64 places.
const LAST: u64 = 1 << 63;

/// Marks that are written without asking how many there are: more of them in 64 bytes are seldom.
const AT_ONCE: usize = 8;

/// The room for a window's marks, used again for every text. It is made when it is first used: whoever only holds one for a moment pays nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Vec<u32>);

/// The quotes of one text, in order.
pub(super) struct Marks<'t, 'p> {
    bytes: &'t [u8],
    places: &'p mut [u32],
    /// The next mark to hand out, and how many there are.
    at: usize,
    count: usize,
    /// Where the next window begins.
    window: usize,
    /// 1: the next window's first byte is escaped.
    escaped: u64,
    /// Whether the quotes so far leave a string open.
    open: bool,
    /// The first backslash so far, and the last.
    backslashes: (usize, usize),
    /// The first control character within a string so far.
    control: usize,
    /// Not 0: there was something but ASCII.
    high: u64,
    special: bool,
}

/// A string, by its quotes.
#[derive(Clone, Copy)]
pub(super) struct Between {
    /// The opening quote.
    pub(super) open: usize,
    /// The closing quote.
    pub(super) close: usize,
}

impl<'t, 'p> Marks<'t, 'p> {
    /// The marks of a text of less than 2^32 bytes.
    #[inline(always)]
    pub(super) fn new(bytes: &'t [u8], places: &'p mut Places) -> Self {
        Marks {
            bytes,
            places: {
                places.0.resize(PLACES, 0);
                &mut places.0
            },
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

    /// Whether all that was handed out is ASCII.
    #[inline(always)]
    pub(super) fn is_ascii(&self) -> bool {
        self.high == 0
    }

    /// The next string; `None` where there is none, or it never ends.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Option<Between> {
        // Both at once where the window has both.
        if self.at + 2 <= self.count
            && let Some([open, close]) = self.places.get(self.at..self.at + 2)
        {
            self.at += 2;
            return Some(Between { open: *open as usize, close: *close as usize });
        }
        self.over_the_edge()
    }

    /// The next string, whose quotes are not both in this window.
    #[inline(always)]
    fn over_the_edge(&mut self) -> Option<Between> {
        let open = self.next()?;
        let close = self.next()?;
        Some(Between { open, close })
    }

    /// The next string, if it is in this window.
    #[inline(always)]
    pub(super) fn peek(&self) -> Option<Between> {
        let (open, close) = (self.places.get(self.at)?, self.places.get(self.at + 1)?);
        (self.at + 2 <= self.count)
            .then_some(Between { open: *open as usize, close: *close as usize })
    }

    /// Whether there was a backslash so far, or a control character in a string.
    #[inline(always)]
    pub(super) fn is_special(&self) -> bool {
        self.special
    }

    /// Whether a string, the last one that was handed out, may hold a backslash.
    #[inline(always)]
    pub(super) fn may_be_escaped(&self, string: Between) -> bool {
        let (first, last) = self.backslashes;
        first < string.close && string.open < last
    }

    /// Whether a string that closes there, the last one that was handed out, has a control character in it.
    #[inline(always)]
    pub(super) fn is_controlled(&self, string: Between) -> bool {
        self.control < string.close
    }

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.at == self.count && !self.look_on() {
            return None;
        }
        let mark = *self.places.get(self.at)?;
        self.at += 1;
        Some(mark as usize)
    }

    /// Fills the next window that has a mark.
    #[inline(never)]
    fn look_on(&mut self) -> bool {
        (self.at, self.count) = (0, 0);
        while self.count == 0 && self.window < self.bytes.len() {
            look::with_the_best(Window(self));
        }
        self.count > 0
    }

    #[inline(always)]
    fn block(&mut self, block: &[u8; BLOCK], look: impl Look) {
        let Looked { mut quotes, special, high } = look.look(block);
        self.high |= high;
        if special | self.escaped != 0 {
            quotes = self.look_closer(quotes, look.closer(block));
        }
        self.write(quotes);
        self.window += BLOCK;
    }

    #[inline(always)]
    fn write(&mut self, mut quotes: u64) {
        let begin = u32::try_from(self.window).unwrap_or(u32::MAX);
        let count = quotes.count_ones() as usize;
        // What stands behind the last mark is written over by the next block.
        if let Some(places) = self.places.get_mut(self.count..self.count + AT_ONCE) {
            for place in places {
                // The bit that is always there spares the question whether there is any.
                *place = begin.wrapping_add((quotes | LAST).trailing_zeros());
                quotes &= quotes.wrapping_sub(1);
            }
        }
        if let Some(places) = self.places.get_mut(self.count + AT_ONCE..self.count + BLOCK) {
            for place in places {
                if quotes == 0 {
                    break;
                }
                *place = begin.wrapping_add(quotes.trailing_zeros());
                quotes &= quotes - 1;
            }
        }
        self.count += count;
        self.open ^= count % 2 == 1;
    }

    /// A block with a backslash or a control character: which quotes are not escaped, and which control characters lie in strings.
    #[inline(always)]
    fn look_closer(&mut self, quotes: u64, Closer { backslashes, controls }: Closer) -> u64 {
        self.special = true;
        if backslashes != 0 {
            let (first, last) = self.backslashes;
            let here =
                (backslashes.trailing_zeros() as usize, 63 - backslashes.leading_zeros() as usize);
            self.backslashes = (first.min(self.window + here.0), last.max(self.window + here.1));
        }
        let quotes = quotes & !self.escaped_by(backslashes);
        let within = controls & (prefixes(quotes) ^ if self.open { u64::MAX } else { 0 });
        if within != 0 {
            self.control = self.control.min(self.window + within.trailing_zeros() as usize);
        }
        quotes
    }

    /// The bytes that a backslash stands before which is not escaped itself: of a run of them, every second one is.
    #[inline(always)]
    fn escaped_by(&mut self, backslashes: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        // The carry of the addition runs through each run of backslashes that begins at an odd place, and turns over what is escaped in it (simdjson).
        let backslashes = backslashes & !self.escaped;
        let follows = backslashes << 1 | self.escaped;
        let odd_starts = backslashes & !EVEN & !follows;
        let (sum, carried) = odd_starts.overflowing_add(backslashes);
        self.escaped = u64::from(carried);
        (EVEN ^ (sum << 1)) & follows
    }
}

/// Bit n is the parity of the bits up to and with n: where a string is open, if they are quotes.
#[inline(always)]
fn prefixes(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

/// The next window of marks.
struct Window<'m, 't, 'p>(&'m mut Marks<'t, 'p>);

impl Work for Window<'_, '_, '_> {
    #[inline(always)]
    fn with(self, look: impl Look) {
        let Window(marks) = self;
        let rest = marks.bytes.get(marks.window..).unwrap_or_default();
        let (blocks, tail) = rest.as_chunks::<BLOCK>();
        for block in blocks.iter().take(WINDOW) {
            marks.block(block, look);
        }
        if blocks.len() < WINDOW && !tail.is_empty() {
            let mut padded = [b' '; BLOCK];
            for (to, from) in padded.iter_mut().zip(tail) {
                *to = *from;
            }
            marks.block(&padded, look);
        }
    }
}
