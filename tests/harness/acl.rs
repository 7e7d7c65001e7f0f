//! ACLs of users, on a broker with an authorizer.

use super::broker::Broker;
use super::wire::Body;

/// An operation, as Kafka numbers it.
#[derive(Debug, Clone, Copy)]
pub enum Operation {
    Read = 3,
    Describe = 8,
}

/// The resource that an ACL is for.
#[derive(Debug, Clone, Copy)]
pub enum Resource<'a> {
    Topic(&'a str),
    Group(&'a str),
}

impl Broker {
    /// Grants a user an ACL.
    #[track_caller]
    pub fn allow(&self, user: &str, operation: Operation, on: Resource<'_>) {
        let answer = acl(user, operation, on).ask(&self.address, 30, 1);
        // The throttle time, one result: its error code.
        assert_eq!(
            answer[4..10],
            [0, 0, 0, 1, 0, 0],
            "{operation:?} {on:?} was not allowed: {answer:?}"
        );
    }

    /// Removes the ACL.
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

/// The request body of one ACL; a filter that matches exactly this ACL has the same bytes.
fn acl(user: &str, operation: Operation, on: Resource<'_>) -> Body {
    let (kind, name) = match on {
        Resource::Topic(name) => (2, name),
        Resource::Group(name) => (3, name),
    };
    // Literal name, any host, allowed.
    let of = Body::default()
        .count(1)
        .bytes(&[kind])
        .text(name)
        .bytes(&[3])
        .text(format!("User:{user}"))
        .text("*");
    of.bytes(&[operation as u8, 3])
}
