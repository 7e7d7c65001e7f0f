//! Faulty answers, written byte by byte because hyper does not send them.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, copy, sink};
use tokio::net::TcpStream;

use super::answer::{Answer, Fault};

/// What follows the first bytes of a faulty answer.
enum Then {
    Close,
    Reset,
    /// Nothing, until the client closes the connection.
    Hang,
    /// This text again and again, with a pause in milliseconds.
    Repeat(String, u64),
}

/// Sends the faulty answer to a request to `path`, and returns when the connection is closed.
pub async fn inject(fault: Fault, answer: &Answer, path: &str, stream: TcpStream) {
    let Answer { status, body, headers, .. } = answer;
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head =
        format!("HTTP/1.1 {status} Fake\r\ncontent-type: text/html\r\nconnection: close\r\n{more}");
    let with_length = |length: usize| format!("{head}content-length: {length}\r\n\r\n{body}");
    let whole = with_length(body.len());
    let (first, then) = match fault {
        Fault::Reset => (String::new(), Then::Reset),
        Fault::Close => (String::new(), Then::Close),
        Fault::HalfAnswer => (whole.chars().take(whole.len() / 2).collect(), Then::Reset),
        Fault::Hang => (String::new(), Then::Hang),
        Fault::EndlessBody => (format!("{head}\r\n"), Then::Repeat("x".repeat(16 * 1024), 0)),
        Fault::SlowHeaders => (head, Then::Repeat("x-more: y\r\n".to_owned(), 20)),
        Fault::EndlessInterim => {
            (String::new(), Then::Repeat("HTTP/1.1 100 Continue\r\n\r\n".to_owned(), 5))
        }
        Fault::ContentTooShort => (with_length(body.len() + 100), Then::Close),
        Fault::ContentTooLong => (whole + "and more than the content length", Then::Close),
        Fault::Garbage => {
            ("\u{1}\u{2}SSH-2.0-OpenSSH_9.9\r\nnot HTTP at all\r\n\r\n".to_owned(), Then::Close)
        }
        Fault::RedirectLoop => (
            format!(
                "HTTP/1.1 302 Found\r\nlocation: {path}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            ),
            Then::Close,
        ),
    };
    // An error means that the client has closed the connection: the fault had its effect.
    let _ = write(stream, &first, then).await;
}

async fn write(mut stream: TcpStream, first: &str, then: Then) -> io::Result<()> {
    stream.write_all(first.as_bytes()).await?;
    match then {
        Then::Close => stream.shutdown().await,
        // Closing a socket without lingering sends RST.
        Then::Reset => stream.set_zero_linger(),
        Then::Hang => copy(&mut stream, &mut sink()).await.map(|_| ()),
        Then::Repeat(text, pause) => loop {
            stream.write_all(text.as_bytes()).await?;
            tokio::time::sleep(Duration::from_millis(pause)).await;
        },
    }
}
