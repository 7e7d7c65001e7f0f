//! Topics and groups that change: transactions, compaction, new partitions, new groups, resets.
