//! Faulty answers, written byte by byte because hyper does not send them.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::answer::{Answer, Fault};

/// Sends the faulty answer to a request to `path`, and returns when the connection is closed.
pub(super) async fn inject(fault: Fault, answer: &Answer, path: &str, mut stream: TcpStream) {
    let head = head(answer);
    // An error means that the client has closed the connection: the fault had its effect.
    let _ = match fault {
        Fault::Reset => reset(stream),
        Fault::Close => stream.shutdown().await,
        Fault::HalfAnswer => half(answer, stream).await,
        Fault::Hang => tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(|_| ()),
        Fault::EndlessBody => endless(stream, format!("{head}\r\n"), &"x".repeat(16 * 1024), Duration::ZERO).await,
        Fault::SlowHeaders => endless(stream, head, "x-more: y\r\n", Duration::from_millis(20)).await,
        Fault::EndlessInterim => {
            endless(stream, String::new(), "HTTP/1.1 100 Continue\r\n\r\n", Duration::from_millis(5)).await
        }
        Fault::ContentTooShort => {
            let length = answer.body.len() + 100;
            write(stream, format!("{head}content-length: {length}\r\n\r\n{}", answer.body)).await
        }
        Fault::ContentTooLong => {
            let length = answer.body.len();
            write(stream, format!("{head}content-length: {length}\r\n\r\n{}and more than the content length", answer.body))
                .await
        }
        Fault::Garbage => write(stream, "\u{1}\u{2}SSH-2.0-OpenSSH_9.9\r\nnot HTTP at all\r\n\r\n".to_owned()).await,
        Fault::RedirectLoop => {
            write(
                stream,
                format!("HTTP/1.1 302 Found\r\nlocation: {path}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
            )
            .await
        }
    };
}

/// Returns the status line and the headers that all faults share.
fn head(answer: &Answer) -> String {
    let more: String =
        answer.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "HTTP/1.1 {} Fake\r\ncontent-type: text/html\r\nconnection: close\r\n{more}",
        answer.status
    )
}

async fn write(mut stream: TcpStream, text: String) -> std::io::Result<()> {
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

/// Closing a socket without lingering sends RST.
fn reset(stream: TcpStream) -> std::io::Result<()> {
    stream.set_zero_linger()
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
