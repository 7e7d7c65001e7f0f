//! Blocks as lines of text, for a terminal.
//!
//! A line contains text of the message, control characters included: what prints it removes them.

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::type_of;

mod rich_text;

/// The widest column of a table.
const COLUMN: usize = 40;

const RULE: &str = "────────────────────";

/// One line of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The text, without line breaks.
    pub text: String,
    /// Whether it has Slack's markup and entities.
    pub markup: bool,
    /// How it looks.
    pub look: Look,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Body text.
    Normal,
    /// A title.
    Bold,
    /// A remark.
    Dim,
}

/// Returns the lines of blocks.
#[must_use]
pub fn lines(blocks: &[Value]) -> Vec<Line> {
    let mut shown = Shown { lines: Vec::new(), indent: 0 };
    blocks.iter().for_each(|block| shown.block(block));
    shown.lines
}

struct Shown {
    lines: Vec<Line>,
    indent: usize,
}

impl Shown {
    fn block(&mut self, block: &Value) {
        match type_of(block) {
            "header" => self.text(&block["text"], Look::Bold),
            "section" => self.section(block),
            "context" => self.context(block),
            "divider" => self.plain(RULE, Look::Dim),
            "actions" | "context_actions" => self.elements(&block["elements"]),
            "image" => self.element(block),
            "markdown" | "alert" => self.text(&block["text"], Look::Normal),
            "table" | "data_table" => self.table(block),
            "rich_text" => {
                let text = rich_text::flatten(block);
                text.lines().for_each(|line| self.plain(line, Look::Normal));
            }
            "card" => self.card(block),
            "carousel" => self.nested(&block["elements"]),
            "container" => {
                self.text(&block["title"], Look::Bold);
                self.text(&block["subtitle"], Look::Normal);
                self.nested(&block["child_blocks"]);
            }
            kind => {
                self.plain(&format!("[{kind}]"), Look::Dim);
                self.text(&block["title"], Look::Bold);
                self.text(&block["text"], Look::Normal);
            }
        }
    }

    fn section(&mut self, block: &Value) {
        self.text(&block["text"], Look::Normal);
        for field in list(&block["fields"]) {
            let (text, markup) = content(field);
            let line: Vec<&str> = text.lines().map(str::trim).collect();
            self.push(line.join("  "), markup, Look::Normal);
        }
        self.element(&block["accessory"]);
    }

    fn context(&mut self, block: &Value) {
        for element in list(&block["elements"]) {
            match type_of(element) {
                "image" => self.element(element),
                _ => self.text(element, Look::Dim),
            }
        }
    }

    fn card(&mut self, block: &Value) {
        self.text(&block["title"], Look::Bold);
        self.text(&block["subtitle"], Look::Normal);
        self.text(&block["body"], Look::Normal);
        self.element(&block["hero_image"]);
        self.elements(&block["actions"]);
    }

    fn nested(&mut self, blocks: &Value) {
        self.indent += 2;
        list(blocks).iter().for_each(|block| self.block(block));
        self.indent -= 2;
    }

    fn elements(&mut self, elements: &Value) {
        list(elements).iter().for_each(|element| self.element(element));
    }

    fn element(&mut self, element: &Value) {
        let string = |name: &str| element[name].as_str().unwrap_or_default();
        let line = match type_of(element) {
            "" => return,
            "button" => {
                format!("[ {} ] {}", content(&element["text"]).0, string("url"))
            }
            "image" => format!("[image: {}] {}", string("alt_text"), string("image_url")),
            kind => format!("[{kind}]"),
        };
        self.plain(&line, Look::Normal);
    }

    fn table(&mut self, block: &Value) {
        if let Some(caption) = block["caption"].as_str() {
            self.plain(caption, Look::Bold);
        }
        let rows: Vec<Vec<String>> =
            list(&block["rows"]).iter().map(|row| list(row).iter().map(cell).collect()).collect();
        let mut widths: Vec<usize> = Vec::new();
        for row in &rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width().min(COLUMN));
            }
        }
        for (index, row) in rows.iter().enumerate() {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| pad(cell, *width)).collect();
            let look = if index == 0 { Look::Bold } else { Look::Normal };
            self.plain(cells.join(" │ ").trim_end(), look);
        }
    }

    fn text(&mut self, value: &Value, look: Look) {
        let (text, markup) = content(value);
        text.lines().for_each(|line| self.push(line.to_owned(), markup, look));
    }

    fn plain(&mut self, text: &str, look: Look) {
        let line: Vec<&str> = text.lines().collect();
        self.push(line.join(" ").trim_end().to_owned(), false, look);
    }

    fn push(&mut self, text: String, markup: bool, look: Look) {
        let text = format!("{}{text}", " ".repeat(self.indent));
        self.lines.push(Line { text, markup, look });
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Returns a text, given as a string or a text object, and whether it has markup.
fn content(value: &Value) -> (&str, bool) {
    match value.as_str() {
        // The text of a `markdown` block.
        Some(text) => (text, true),
        None => (value["text"].as_str().unwrap_or_default(), type_of(value) == "mrkdwn"),
    }
}

fn cell(cell: &Value) -> String {
    let text = match type_of(cell) {
        "rich_text" => rich_text::flatten(cell),
        "raw_number" => cell["text"].as_str().map_or(cell["value"].to_string(), str::to_owned),
        _ => cell["text"].as_str().unwrap_or_default().to_owned(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a cell as wide as its column; a wider one ends in `…`.
fn pad(cell: &str, width: usize) -> String {
    let mut shown = String::new();
    let mut left = width;
    let is_wider = cell.width() > width;
    for c in cell.chars() {
        let next = c.width().unwrap_or(0);
        if is_wider && next + 1 > left {
            shown.push('…');
            left = left.saturating_sub(1);
            break;
        }
        shown.push(c);
        left = left.saturating_sub(next);
    }
    shown.extend(std::iter::repeat_n(' ', left));
    shown
}
