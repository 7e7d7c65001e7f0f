//! Reads events from a file or from standard input: one a line (NDJSON), pretty-printed over
//! several lines, or mixed.
//!
//! Invariant: it returns every byte that is not white space, in order. An invalid event does not
//! affect others: the next event starts at the next line that starts with `{`. It reads no further
//! than the event that it returns, unless that event is invalid.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::Context as _;
use serde::de::IgnoredAny;

use crate::event::{Offset, Partition, Position, Record, TopicIndex, unframed};

/// The number of bytes in which the end of an event must be found.
const LONGEST: usize = 64 << 20;

/// The events of one input, in order.
struct Events<'r> {
    input: Box<dyn BufRead + 'r>,
    /// Lines that were read in search of an event's end.
    ahead: VecDeque<Vec<u8>>,
    /// The number of the last line, from 1.
    line: usize,
    /// Whether an event was returned.
    found: bool,
}

/// The text of one event, valid or not.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The number of its first line, from 1.
    pub line: usize,
    /// Its text, without the white space around it. Empty if the input is only white space.
    pub text: Vec<u8>,
}

/// Returns the events of a file; `-` is standard input. An error is the last item.
pub fn read<'r>(
    path: &Path,
    stdin: &'r mut dyn BufRead,
) -> Box<dyn Iterator<Item = anyhow::Result<Found>> + 'r> {
    if path.as_os_str() == "-" {
        return Box::new(Events::new(stdin));
    }
    match File::open(path).context("cannot be opened") {
        Ok(file) => Box::new(Events::new(BufReader::new(file))),
        Err(error) => Box::new(std::iter::once(Err(error))),
    }
}

/// Returns an event of a file as a record. What a file does not have is null in expressions.
pub fn record<'a>(topic: TopicIndex, name: &'a str, offset: i64, text: &'a [u8]) -> Record<'a> {
    Record {
        position: Position { partition: Partition { topic, number: 0 }, offset: Offset(offset) },
        topic: name,
        timestamp: None,
        key: None,
        headers: &(),
        payload: Some(text),
    }
}

impl Iterator for Events<'_> {
    type Item = anyhow::Result<Found>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_event().context("cannot be read").transpose()
    }
}

impl<'r> Events<'r> {
    fn new(input: impl BufRead + 'r) -> Self {
        Self { input: Box::new(input), ahead: VecDeque::new(), line: 0, found: false }
    }

    /// Returns the next event. An input without events is one empty event, so that an empty file
    /// does not count as valid.
    fn next_event(&mut self) -> io::Result<Option<Found>> {
        let first = loop {
            match self.take_line()? {
                Some(line) if line.trim_ascii().is_empty() => {}
                Some(line) => break line,
                None if self.found => return Ok(None),
                None => break Vec::new(),
            }
        };
        self.found = true;
        let line = self.line.max(1);
        let mut nesting = Nesting::default();
        nesting.read(unframed(&first));
        let mut lines = vec![first];
        let mut length = 0;
        while nesting.open() && length < LONGEST {
            let Some(next) = self.take_line()? else { break };
            nesting.read(&next);
            length += next.len();
            lines.push(next);
        }
        let is_json = |text: &[u8]| serde_json::from_slice::<IgnoredAny>(unframed(text)).is_ok();
        if lines.len() > 1 && (nesting.open() || !is_json(&lines.concat())) {
            // The event is invalid: it ends before the next line that can start one.
            let next = lines.iter().skip(1).position(|line| line.starts_with(b"{"));
            let ahead = lines.split_off(next.map_or(lines.len(), |next| next + 1));
            self.line -= ahead.len();
            for line in ahead.into_iter().rev() {
                self.ahead.push_front(line);
            }
        }
        Ok(Some(Found { line, text: lines.concat().trim_ascii().to_vec() }))
    }

    fn take_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = self.ahead.pop_front().unwrap_or_default();
        if line.is_empty() && self.input.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        // A line feed among Confluent's five bytes, such as in schema id 10, does not end the line.
        while line.first() == Some(&0) && line.len() <= 5 {
            if self.input.read_until(b'\n', &mut line)? == 0 {
                break;
            }
        }
        self.line += 1;
        if self.line == 1 && line.starts_with(b"\xEF\xBB\xBF") {
            // A byte order mark, which editors on Windows write.
            line.drain(..3);
        }
        Ok(Some(line))
    }
}

/// Tracks whether a text ends inside brackets.
#[derive(Default)]
struct Nesting {
    depth: i64,
    in_string: bool,
    escaped: bool,
    /// Whether a string was not closed on its line: the text is invalid JSON.
    unclosed: bool,
}

impl Nesting {
    /// Whether the event continues on the next line.
    fn open(&self) -> bool {
        self.depth > 0 && !self.unclosed
    }

    fn read(&mut self, line: &[u8]) {
        for byte in line {
            match byte {
                // A JSON string ends on its line, so the next line is not part of this event.
                b'\n' if self.in_string => self.unclosed = true,
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => self.depth += 1,
                b'}' | b']' if !self.in_string => self.depth -= 1,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    /// Each event as `LINE TEXT`, with its lines joined by `~`.
    fn read(input: &str) -> Vec<String> {
        let shown = |Found { line, text }| {
            format!("{line} {}", String::from_utf8(text).unwrap().replace('\n', "~"))
        };
        Events::new(input.as_bytes()).map(|found| shown(found.unwrap())).collect()
    }

    #[test]
    fn one_event_a_line() {
        assert_eq!(
            read("{\"a\":1}\n\n  {\"b\":\"}\"}\r\n{\"c\":[]}"),
            ["1 {\"a\":1}", "3 {\"b\":\"}\"}", "4 {\"c\":[]}"]
        );
    }

    #[test]
    fn pretty_printed_events_need_no_indentation() {
        assert_eq!(
            read("\n{\n  \"a\": [\n    1\n  ]\n}\n{\"b\":1}\n"),
            ["2 {~  \"a\": [~    1~  ]~}", "7 {\"b\":1}"]
        );
        assert_eq!(
            read("{\n\"a\":[\n{\"x\":1},\n{\"y\":2}\n]\n}"),
            ["1 {~\"a\":[~{\"x\":1},~{\"y\":2}~]~}"]
        );
        assert_eq!(read("[\n{\"x\":1}\n]\n"), ["1 [~{\"x\":1}~]"], "invalid, but one text");
    }

    #[test]
    fn an_invalid_event_does_not_affect_others() {
        assert_eq!(
            read("{\"a\":\n{\"b\":1}\n{\"c\":2}"),
            ["1 {\"a\":", "2 {\"b\":1}", "3 {\"c\":2}"]
        );
        assert_eq!(read("{\"a\":\"cut\n{\"b\":1}\n"), ["1 {\"a\":\"cut", "2 {\"b\":1}"]);
        assert_eq!(
            read("{\n  \"a\": oops\n}\n{\"b\":1}\n"),
            ["1 {~  \"a\": oops~}", "4 {\"b\":1}"]
        );
        assert_eq!(read("{\"a\":[}\n{\"b\":{\n}}\n"), ["1 {\"a\":[}", "2 {\"b\":{~}}"]);
        assert_eq!(read("}\n{\"b\":1}"), ["1 }", "2 {\"b\":1}"]);
        assert_eq!(read(&"{\"a\":\n".repeat(200)).len(), 200, "not one that is nested too deeply");
        assert_eq!(read("nonsense\n{\"b\":1}"), ["1 nonsense", "2 {\"b\":1}"]);
    }

    #[test]
    fn nothing_is_read_beyond_the_returned_event() {
        for (first, rest) in [
            ("{\"a\":1}\n", "{\"b\":1}\n"),
            ("{\n}\n", "\n"),
            ("{\"a\":\"cut\n", "{\"b\":1}\n{\"c\":1}\n"),
        ] {
            let all = format!("{first}{rest}");
            let mut input = all.as_bytes();
            assert_eq!(
                Events::new(&mut input).next().unwrap().unwrap().text,
                first.trim().as_bytes()
            );
            assert_eq!(input, rest.as_bytes(), "{first:?}");
        }
    }

    /// Schema ids with a line feed, a quote or a bracket among their bytes.
    #[test]
    fn confluents_five_bytes_are_a_part_of_the_event() {
        for id in [1, 10, 0x0a0a, 0x0a0a_0a0a, 0x22, 0x7b, 0x5b] {
            let frame = [&[0][..], &i32::to_be_bytes(id)].concat();
            let event = [&frame[..], b"{\n\"a\": 1}"].concat();
            let input = [&event[..], b"\n", &event, b"\n{\"b\":2}\n"].concat();
            let found = Events::new(&input[..]).map(|found| found.unwrap().text);
            assert_eq!(found.collect::<Vec<_>>(), [&event[..], &event, b"{\"b\":2}"], "{id:#x}");
        }
    }

    #[test]
    fn an_input_without_events_is_an_empty_one() {
        assert_eq!(read(""), ["1 "]);
        assert_eq!(read("\n \n"), ["2 "]);
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_event() {
        assert_eq!(read("\u{feff}{\"a\":1}\n"), ["1 {\"a\":1}"]);
    }

    proptest! {
        #[test]
        fn valid_events_are_returned_unchanged(events in prop::collection::vec((any::<String>(), 0..4_u32, any::<bool>()), 1..6)) {
            let written = events.iter().map(|(text, depth, pretty)| {
                let value = (0..*depth).fold(serde_json::json!({"a": text}), |inner, _| serde_json::json!({"b": [inner, {}]}));
                if *pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() }
            });
            let written: Vec<_> = written.collect();
            let found: Vec<_> = read(&written.join("\n")).iter().map(|it| it.split_once(' ').unwrap().1.to_owned()).collect();
            prop_assert_eq!(found, written.iter().map(|it| it.replace('\n', "~")).collect::<Vec<_>>());
        }

        #[test]
        fn nothing_is_lost_or_returned_twice(text in r#"[{}\[\]":,a1\\ \n]{1,40}"#) {
            let bare = |text: &str| text.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>();
            let found: String = read(&text).iter().map(|it| it.split_once(' ').unwrap().1.replace('~', "")).collect();
            prop_assert_eq!(bare(&found), bare(&text));
        }
    }
}
