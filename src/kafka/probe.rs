//! Finds out which protocol a port uses, by connecting to it. It blocks, so that it runs
//! on its own thread.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, crypto};

use super::listener::{Listener, handshake_request, identify};

/// How long a connection, and its first bytes, are waited for.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What answers at `broker`; `None` if nothing answers, or its name cannot be resolved.
#[must_use]
pub fn probe(broker: &str) -> Option<Listener> {
    let to_tls = answer(broker, &client_hello(broker)?);
    // A broker without TLS does not answer the first one.
    let to_kafka =
        if to_tls.is_empty() { answer(broker, &handshake_request()) } else { Vec::new() };
    identify(&to_tls, &to_kafka)
}

/// The first bytes that `broker` sends after `sent`; empty if it sends none.
fn answer(broker: &str, sent: &[u8]) -> Vec<u8> {
    let mut received = [0; 10];
    let mut length = 0;
    let mut exchange = || {
        let addresses = broker.to_socket_addrs()?;
        let mut connected = Err(std::io::ErrorKind::AddrNotAvailable.into());
        for address in addresses {
            connected = TcpStream::connect_timeout(&address, TIMEOUT);
            if connected.is_ok() {
                break;
            }
        }
        let mut stream = connected?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.write_all(sent)?;
        while length < received.len() {
            match stream.read(&mut received[length..])? {
                0 => break,
                read => length += read,
            }
        }
        Ok::<(), std::io::Error>(())
    };
    // What arrived before an error counts.
    let _ = exchange();
    received[..length].to_vec()
}

/// The first message of a client with TLS.
fn client_hello(broker: &str) -> Option<Vec<u8>> {
    let (host, _) = broker.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from(host).ok()?;
    let mut client = ClientConnection::new(Arc::new(config), name).ok()?;
    let mut hello = Vec::new();
    client.write_tls(&mut hello).ok()?;
    Some(hello)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A port that answers the given bytes to whatever arrives on each connection, and closes it.
    fn port(answers: [Vec<u8>; 2]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut first = [0; 5];
                stream.read_exact(&mut first).unwrap();
                stream.write_all(&answer).unwrap();
            }
        });
        address
    }

    #[test]
    fn the_protocol_of_a_port_is_found_by_connecting() {
        let id = handshake_request()[8..12].to_vec();
        let broker = [&[0, 0, 0, 10][..], &id, &[0, 33]].concat();
        let alert = vec![0x15, 3, 3, 0, 2, 2, 40];
        assert_eq!(probe(&port([alert, Vec::new()])), Some(Listener::Tls));
        assert_eq!(probe(&port([Vec::new(), broker])), Some(Listener::Plain { login: true }));
        assert_eq!(probe(&port([b"HTTP/1.1 400".to_vec(), Vec::new()])), Some(Listener::Other));
        assert_eq!(probe(&port([Vec::new(), Vec::new()])), None);
    }

    #[test]
    fn a_port_that_refuses_or_does_not_answer_is_unknown() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        assert_eq!(probe(&address), None, "accepts and is silent");
        drop(listener);
        assert_eq!(probe(&address), None, "refuses");
        assert_eq!(probe("no-port"), None);
    }
}
