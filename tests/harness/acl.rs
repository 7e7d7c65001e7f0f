//! What a user may do, on a broker with an authorizer.

use super::broker::Broker;
use super::wire::Body;

/// An operation, as Kafka numbers it.
#[derive(Debug, Clone, Copy)]
pub enum Operation {
    Read = 3,
    Describe = 8,
}

/// What it is done to.
#[derive(Debug, Clone, Copy)]
pub enum Resource<'a> {
    Topic(&'a str),
    Group(&'a str),
}

impl Broker {
    /// Gives a user an ACL.
    #[track_caller]
    pub fn allow(&self, user: &str, operation: Operation, on: Resource<'_>) {
        let answer = acl(user, operation, on).ask(&self.address, 30, 1);
        // How long to wait, one result: its code.
        assert_eq!(
            answer[4..10],
            [0, 0, 0, 1, 0, 0],
            "{operation:?} {on:?} was not allowed: {answer:?}"
        );
    }

    /// Takes it away again.
    #[track_caller]
    pub fn forbid(&self, user: &str, operation: Operation, on: Resource<'_>) {
        let answer = acl(user, operation, on).ask(&self.address, 31, 1);
        assert_eq!(
            answer[4..10],
            [0, 0, 0, 1, 0, 0],
            "{operation:?} {on:?} was not forbidden: {answer:?}"
        );
    }
}

/// One ACL, or one filter that is an ACL: the same bytes.
fn acl(user: &str, operation: Operation, on: Resource<'_>) -> Body {
    let (kind, name) = match on {
        Resource::Topic(name) => (2, name),
        Resource::Group(name) => (3, name),
    };
    // Literally this name, for every host, allowed.
    let of = Body::default()
        .count(1)
        .bytes(&[kind])
        .text(name)
        .bytes(&[3])
        .text(format!("User:{user}"))
        .text("*");
    of.bytes(&[operation as u8, 3])
}
