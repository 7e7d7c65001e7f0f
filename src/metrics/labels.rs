//! The closed lists of label values that only the metrics define.

use crate::label::label;

label! {
    /// How an attempt ended: the label `result` of `slackline_attempts_total`.
    AttemptResult {
        /// The receiver says that the message is posted.
        Ok = "ok",
        /// Status 429.
        RateLimited = "rate_limited",
        /// Status 408 or 5xx (except 501), or an answer of a server in between. The attempt is
        /// retried.
        ServerError = "server_error",
        /// Any other response: the receiver refuses the message. It is final.
        Rejected = "rejected",
        /// A person must repair the credential or the channel. The attempt is repeated.
        Resting = "resting",
        /// No complete response within the timeout.
        Timeout = "timeout",
        /// No connection, or the connection broke.
        Connect = "connect",
    }
}

label! {
    /// How the set of owned partitions changed: the label `kind` of `slackline_rebalances_total`.
    RebalanceKind {
        /// Partitions were assigned.
        Assign = "assign",
        /// Partitions were revoked in order.
        Revoke = "revoke",
        /// Partitions had been assigned to another member before this one could release them.
        Lost = "lost",
    }
}

label! {
    /// How a commit ended: the label `result` of `slackline_commits_total`.
    CommitResult {
        /// The broker acknowledged it.
        Ok = "ok",
        /// The broker refused it, or the request failed.
        Failed = "failed",
    }
}

label! {
    /// How another deployment's commit was found: the label `kind` of
    /// `slackline_foreign_commits_total`.
    ForeignCommit {
        /// It was the last one of an assigned partition.
        Found = "found",
        /// So it was, and this process had committed the partition within the last hour.
        Alternating = "alternating",
    }
}

label! {
    /// What a commit's metadata contains when it cannot list every pending delivery: the label
    /// `degree` of `slackline_restart_state_truncated_total`.
    Degree {
        /// One position per lagging webhook.
        Positions = "positions",
        /// The same, except that some webhooks share the lowest of their positions.
        Floor = "floor",
        /// The parts that deliveries have posted are missing: they are posted again.
        Parts = "parts",
    }
}
