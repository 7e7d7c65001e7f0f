//! The rows of a table: their limits, and the row that says how many are not shown.

use serde_json::{Value, json};

use super::limits::MAX_CELLS;
use super::text::{is_blank, size};
use super::{characters, more, type_of};

/// Returns a cell that shows nothing. Slack refuses an empty text.
fn blank() -> Value {
    json!({ "type": "raw_text", "text": " " })
}

/// Returns the last row in place of `count` rows, as wide as the others.
fn more_row(count: usize, width: usize) -> Value {
    let first = json!({ "type": "raw_text", "text": more::text(count) });
    let others = std::iter::repeat_with(blank).take(width.saturating_sub(1));
    Value::Array(std::iter::once(first).chain(others).collect())
}

/// Fits the number of rows into its limits. A table whose least number is two has a header, and
/// every row is as wide as that. Returns whether the table can be shown, and whether rows or
/// columns were removed. `rich_text` fits the block in a cell.
pub fn fit(
    rows: &mut Vec<Value>,
    (min, max): (usize, usize),
    rich_text: &mut dyn FnMut(&mut Value) -> bool,
) -> (bool, bool) {
    let rest = more::take_unrendered(rows);
    let mut is_cut = rest > 0;
    rows.retain_mut(|row| {
        let Value::Array(cells) = row else { return false };
        is_cut |= cells.len() > MAX_CELLS;
        cells.truncate(MAX_CELLS);
        cells.iter_mut().for_each(|cell| fit_cell(cell, rich_text));
        !cells.is_empty()
    });
    let width = width(rows);
    if min > 1 {
        for row in rows.iter_mut() {
            if let Value::Array(cells) = row {
                cells.resize_with(width, blank);
            }
        }
    }
    let count = rows.len() + rest;
    if rest > 0 || count > max {
        is_cut = true;
        rows.truncate(max.saturating_sub(1));
        rows.push(more_row(count - rows.len(), width));
    }
    (rows.len() >= min, is_cut)
}

/// Returns the number of cells of the first row.
fn width(rows: &[Value]) -> usize {
    rows.first().and_then(Value::as_array).map_or(1, Vec::len)
}

/// Fits a cell. It keeps its place, whatever it holds.
fn fit_cell(cell: &mut Value, rich_text: &mut dyn FnMut(&mut Value) -> bool) {
    let is_fit = match type_of(cell) {
        "raw_text" => cell.get("text").and_then(Value::as_str).is_some_and(|text| !is_blank(text)),
        "raw_number" => return number(cell),
        "rich_text" => rich_text(cell),
        _ => cell.is_null(),
    };
    if !is_fit {
        *cell = blank();
    }
}

/// Fits a cell with a number: a rendered one is a text so far. A text that is no number is shown as
/// text.
fn number(cell: &mut Value) {
    let text = match cell.get("value") {
        Some(Value::Number(_)) => return,
        Some(Value::String(text)) => text.trim().to_owned(),
        _ => String::new(),
    };
    match (text.parse::<serde_json::Number>(), cell.get_mut("value")) {
        (Ok(number), Some(value)) => *value = Value::Number(number),
        _ if text.is_empty() => *cell = blank(),
        _ => *cell = json!({ "type": "raw_text", "text": text }),
    }
}

/// Removes the last rows of a table until it has at most `room` characters, or only one row and
/// the one that counts the others. Returns whether it removed any.
pub fn shrink(block: &mut Value, room: usize) -> bool {
    if !matches!(type_of(block), "table" | "data_table") {
        return false;
    }
    let total = size(block);
    let Some(Value::Array(rows)) = block.get_mut("rows") else { return false };
    let (count, width) = (rows.len(), width(rows));
    if total <= room || count <= 2 {
        return false;
    }
    // Beside the rows, and the last row at its longest.
    let sizes: Vec<usize> = rows.iter().map(size).collect();
    let others = total - sizes.iter().sum::<usize>();
    let last = characters(&more::text(count)) + width;
    let (mut kept, mut used) = (0, others + last);
    for size in sizes {
        if used + size > room {
            break;
        }
        (kept, used) = (kept + 1, used + size);
    }
    rows.truncate(kept.clamp(1, count - 1));
    rows.push(more_row(count - rows.len(), width));
    true
}
