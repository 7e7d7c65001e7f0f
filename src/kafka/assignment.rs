//! Changes of a client's assignment, by the protocol that the group uses.

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::KafkaResult;

/// Starts reading the partitions of `list`, each from its offset.
///
/// # Errors
/// librdkafka's error, for instance that the partitions were lost meanwhile.
pub fn take_over<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    list: &TopicPartitionList,
) -> KafkaResult<()> {
    match client.rebalance_protocol() {
        RebalanceProtocol::Cooperative => client.incremental_assign(list),
        RebalanceProtocol::Eager | RebalanceProtocol::None => client.assign(list),
    }
}

/// Stops reading the partitions of `list`; the group then assigns them to other members.
///
/// # Errors
/// librdkafka's error.
pub fn give_up<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    list: &TopicPartitionList,
) -> KafkaResult<()> {
    match client.rebalance_protocol() {
        RebalanceProtocol::Cooperative => client.incremental_unassign(list),
        RebalanceProtocol::Eager | RebalanceProtocol::None => client.unassign(),
    }
}

/// Returns those partitions of `list` that are in the client's assignment.
///
/// # Errors
/// librdkafka's error.
pub fn assigned_among<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    list: &TopicPartitionList,
) -> KafkaResult<TopicPartitionList> {
    let assignment = client.assignment()?;
    let mut assigned = TopicPartitionList::new();
    for at in list.elements() {
        if assignment.find_partition(at.topic(), at.partition()).is_some() {
            assigned.add_partition(at.topic(), at.partition());
        }
    }
    Ok(assigned)
}
