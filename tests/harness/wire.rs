//! Requests of Kafka's protocol that no Rust client can send.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::poll::DEADLINE;

/// The body of a request.
#[derive(Debug, Default)]
pub struct Body(Vec<u8>);

impl Body {
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    /// Appends text or bytes after their length in two bytes.
    pub fn text(self, text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        self.bytes(&(text.len() as i16).to_be_bytes()).bytes(text)
    }

    /// Appends the number of elements of the list that follows.
    pub fn count(self, count: i32) -> Self {
        self.bytes(&count.to_be_bytes())
    }

    /// Sends the request with this key and version, and returns the response without its header.
    pub fn ask(self, address: &str, key: i16, version: i16) -> Vec<u8> {
        // The header: the request's key, its version, the correlation id, the client id.
        let header = Self::default().bytes(&key.to_be_bytes()).bytes(&version.to_be_bytes());
        let request = header.bytes(&[0, 0, 0, 7]).text("test").bytes(&self.0).0;
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(&(request.len() as i32).to_be_bytes()).unwrap();
        stream.write_all(&request).unwrap();
        let mut length = [0; 4];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; i32::from_be_bytes(length) as usize];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer[..4], [0, 0, 0, 7]);
        answer.split_off(4)
    }
}
