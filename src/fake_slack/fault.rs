//! Answers that go wrong, byte by byte: what hyper would never send.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::{Answer, Fault};

/// Breaks the answer to the request at `path` in the way of `fault`, and ends with the connection.
pub(super) async fn commit(fault: Fault, answer: &Answer, path: &str, mut stream: TcpStream) {
    let head = head(answer);
    // An error below is the client's leaving: then the fault has done its work.
    let _ = match fault {
        Fault::Reset => reset(stream),
        Fault::Close => stream.shutdown().await,
        Fault::HalfAnswer => half(answer, stream).await,
        Fault::Hang => hang(stream).await,
        Fault::EndlessBody => endless(stream, format!("{head}\r\n"), &"x".repeat(16 * 1024), Duration::ZERO).await,
        Fault::SlowHeaders => endless(stream, head, "x-more: y\r\n", Duration::from_millis(20)).await,
        Fault::EndlessInterim => {
            endless(stream, String::new(), "HTTP/1.1 100 Continue\r\n\r\n", Duration::from_millis(5)).await
        }
        Fault::ContentTooShort => {
            let length = answer.body.len() + 100;
            say(stream, format!("{head}content-length: {length}\r\n\r\n{}", answer.body)).await
        }
        Fault::ContentTooLong => {
            let length = answer.body.len();
            say(stream, format!("{head}content-length: {length}\r\n\r\n{}and more than was promised", answer.body))
                .await
        }
        Fault::Garbage => say(stream, "\u{1}\u{2}SSH-2.0-OpenSSH_9.9\r\nnot HTTP at all\r\n\r\n".to_owned()).await,
        Fault::RedirectLoop => {
            say(
                stream,
                format!("HTTP/1.1 302 Found\r\nlocation: {path}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
            )
            .await
        }
    };
}

/// Up to where the headers of the fault itself come.
fn head(answer: &Answer) -> String {
    let more: String =
        answer.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "HTTP/1.1 {} Fake\r\ncontent-type: text/html\r\nconnection: close\r\n{more}",
        answer.status
    )
}

async fn say(mut stream: TcpStream, text: String) -> std::io::Result<()> {
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

async fn half(answer: &Answer, mut stream: TcpStream) -> std::io::Result<()> {
    let whole =
        format!("{}content-length: {}\r\n\r\n{}", head(answer), answer.body.len(), answer.body);
    let half = whole.len() / 2;
    stream.write_all(&whole.as_bytes()[..half]).await?;
    reset(stream)
}

/// A socket that is closed without lingering sends RST.
fn reset(stream: TcpStream) -> std::io::Result<()> {
    stream.set_zero_linger()
}

async fn hang(mut stream: TcpStream) -> std::io::Result<()> {
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

async fn endless(
    mut stream: TcpStream,
    first: String,
    again: &str,
    every: Duration,
) -> std::io::Result<()> {
    stream.write_all(first.as_bytes()).await?;
    loop {
        stream.write_all(again.as_bytes()).await?;
        tokio::time::sleep(every).await;
    }
}
