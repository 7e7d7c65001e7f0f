//! The section `admin`.

use super::kinds::{Defaulted, Text};
use super::located::Located;
use super::reader::Reader;
use super::section::{Section, section};
use super::tree::Node;

section! {
    /// The HTTP endpoint for `/metrics`, `/healthz` and `/readyz`.
    pub Admin, AdminKeys {
        /// The address to listen on. `0.0.0.0:9464` listens on all network interfaces.
        // Local: two replicas on one host cannot share a port.
        listen: String = Defaulted(Text("`host:port`", listen), DEFAULT),
            restart = true, local = true;
    }
}

/// Reachable from this machine only.
const DEFAULT: &str = "127.0.0.1:9464";

impl Section for Admin {}

fn listen(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<String> {
    let Located { value, at } = reader.located(node, key)?;
    let value = value.trim();
    if host_and_port(value).is_some_and(|(host, _)| !host.is_empty()) {
        return Some(value.to_owned());
    }
    let help = format!(
        "write `host:port`: `{DEFAULT}` for this machine only, `0.0.0.0:9464` for all network \
         interfaces"
    );
    reader.error(&at, format!("invalid listen address `{}`", at.shown), help);
    None
}

/// A host with its port; an IPv6 address in brackets.
pub fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse().ok())??;
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match inside {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')),
    };
    is_host.then_some((host, port))
}
