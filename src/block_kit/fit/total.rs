//! Fits the blocks of a whole message into its limits: 50 blocks, and 9,500 characters of text.

use std::cmp::Reverse;

use serde_json::Value;

use crate::block_kit::cut::cut;
use crate::block_kit::limits::{LARGE_BLOCK, MAX_BLOCKS, MAX_TOTAL};
use crate::block_kit::text::{counted_texts, size};
use crate::block_kit::{Cuts, characters, more, rows};

/// The fewest characters for which a block after the first one is cut instead of removed.
const WORTHWHILE: usize = 200;

/// Removes blocks from the end until the rest fits. The first block, or a large one, is cut. Of
/// `unrendered` blocks after these nothing is shown.
pub fn fit(mut blocks: Vec<Value>, unrendered: usize, cuts: &mut Cuts) -> Vec<Value> {
    let sizes: Vec<usize> = blocks.iter().map(size).collect();
    let count = sizes.len() + unrendered;
    if unrendered == 0 && count <= MAX_BLOCKS && sizes.iter().sum::<usize>() <= MAX_TOTAL {
        return blocks;
    }
    let (mut kept, mut used) = (0, 0);
    for (at, size) in sizes.iter().enumerate() {
        if at + 1 >= MAX_BLOCKS || used + size + rest(count - at - 1) > MAX_TOTAL {
            break;
        }
        (kept, used) = (at + 1, used + size);
    }
    // The block that does not fit, if there is a place for it and for `… N more`.
    let is_large = sizes.get(kept).is_some_and(|size| kept == 0 || *size > LARGE_BLOCK);
    let room = MAX_TOTAL.saturating_sub(used + rest(count.saturating_sub(kept + 1)));
    let is_worthwhile = kept == 0 || room >= WORTHWHILE;
    let has_place = kept + 2 <= MAX_BLOCKS;
    let last = blocks.get_mut(kept).filter(|_| is_large && is_worthwhile && has_place);
    if last.is_some_and(|block| shrink(block, room, cuts)) {
        kept += 1;
    }
    blocks.truncate(kept);
    if kept > 0 && kept < count {
        blocks.push(more::block(count - kept));
    }
    cuts.blocks |= kept < count;
    blocks
}

/// Returns the size of the note that blocks are not shown.
fn rest(count: usize) -> usize {
    if count == 0 { 0 } else { characters(&more::text(count)) }
}

/// Cuts a block to at most `room` characters: the last rows of a table, or else its longest texts.
/// Returns whether that was possible.
fn shrink(block: &mut Value, room: usize, cuts: &mut Cuts) -> bool {
    if rows::shrink(block, room) {
        cuts.rows = true;
    }
    let mut excess = size(block).saturating_sub(room);
    let mut texts = counted_texts(block);
    texts.sort_by_key(|text| Reverse(text.length));
    for counted in texts {
        if excess == 0 {
            break;
        }
        let target = counted.length.saturating_sub(excess).max(1);
        if let Some(short) = cut(counted.text, target, counted.markup) {
            excess = excess.saturating_sub(counted.length - characters(&short));
            *counted.text = short;
            cuts.block_text = true;
        }
    }
    excess == 0
}
