//! Moves read positions past control records, where librdkafka's own position can be trusted. Pure.
//!
//! librdkafka keeps, for each partition, the offset after the last thing that it handed out. After
//! a rebalance it reads the partitions that stay on from there, and at the end of a partition that
//! offset lies beyond control records, which nothing else shows. But its batch call counts an error
//! as a record that was read, at the offset that could not be read: after a rebalance it would skip
//! that one (`rd_kafka_q_serve_rkmessages`, 2.12.1; the same with the ends of partitions, which are
//! therefore not requested). After an error the client's position is therefore reset.
//!
//! Invariant: no position of the client is believed while it may be one too far.

use crate::commit::ledger::Ledger;
use crate::event::{Offset, Partition};

use super::assignment::Assignment;

/// Returns whether something lies ahead of the read position of a partition. It may be a control
/// record.
pub fn has_offsets_ahead(ledger: &Ledger, assignment: &Assignment) -> bool {
    ledger
        .progress()
        .any(|at| assignment.end(at.partition, at.next).is_some_and(|end| end > at.next))
}

/// Moves the read positions past control records, to the client's own. `positions`: of
/// partitions without records that were taken from the client and not read.
pub fn skip_control_records(
    ledger: &mut Ledger,
    assignment: &Assignment,
    positions: Vec<(Partition, Offset)>,
) {
    for (partition, offset) in positions {
        if !assignment.is_out_of_range(partition) {
            ledger.advance(partition, offset);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
