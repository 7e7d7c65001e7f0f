//! `slackline health`: one question to a running worker, for images without a shell or curl.
//!
//! Invariant: exit code 0 means that the worker answered 200 within the time, and nothing else does.

use std::io::{self, Read as _, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use url::Url;

use super::{Exit, duration};

/// For `--help`.
pub const EXAMPLES: &str = "\
Examples:
  slackline health                                        is the worker on this machine alive?
  slackline health --url http://127.0.0.1:9464/readyz     is it ready?

In a Dockerfile: HEALTHCHECK CMD [\"slackline\", \"health\"]";

/// More than any reason why a worker is unwell.
const ANSWER: u64 = 64 * 1024;

/// The options of `slackline health`.
#[derive(Debug, Args)]
pub struct HealthArgs {
    /// What to ask: /healthz or /readyz on the worker's `admin.listen`
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9464/healthz", value_parser = plain_http)]
    url: Url,

    /// No answer within this time counts as unwell
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    timeout: Duration,
}

fn plain_http(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error: url::ParseError| error.to_string())?;
    let is_plain = url.scheme() == "http"
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    if is_plain {
        Ok(url)
    } else {
        Err("give an address like `http://127.0.0.1:9464/healthz`".to_owned())
    }
}

/// Asks, prints what was answered, and says by the exit code whether all is well.
///
/// # Errors
/// Nobody answers in time, or `out` fails.
pub fn health(args: &HealthArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let answer =
        ask(&args.url, args.timeout).with_context(|| format!("no answer from `{}`", args.url))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    out.write_all(body.as_bytes())?;
    let well = head.split(' ').nth(1) == Some("200");
    Ok(if well { Exit::Done } else { Exit::Failed })
}

fn ask(url: &Url, timeout: Duration) -> io::Result<String> {
    let until = Instant::now() + timeout;
    let left = || {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::Error::from(io::ErrorKind::TimedOut)) } else { Ok(left) }
    };
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    let mut refused = io::Error::from(io::ErrorKind::AddrNotAvailable);
    // A name may have several addresses, of which one is listened on.
    for address in (host.trim_matches(['[', ']']), port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left()?) {
            Ok(mut stream) => {
                stream.set_write_timeout(Some(left()?))?;
                // In one piece: a server may look at what comes first.
                let request = format!(
                    "GET {} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n",
                    url.path()
                );
                stream.write_all(request.as_bytes())?;
                return read(&mut stream, left);
            }
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// To the connection's end; who answers a byte at a time does not get more time.
fn read(stream: &mut TcpStream, left: impl Fn() -> io::Result<Duration>) -> io::Result<String> {
    let mut answer = Vec::new();
    loop {
        stream.set_read_timeout(Some(left()?))?;
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes)?;
        answer.extend_from_slice(&bytes[..count]);
        if count == 0 || answer.len() as u64 > ANSWER {
            return Ok(String::from_utf8_lossy(&answer).into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Answers one connection with `answer` and keeps it open for as long as `hold` says.
    fn asked(answer: &'static str, hold: bool) -> (anyhow::Result<Exit>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/healthz", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /healthz HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
            // The client's end of the connection is the end of this.
            while hold && stream.read(&mut request).is_ok_and(|read| read > 0) {}
        });
        let timeout = if hold { Duration::from_millis(200) } else { Duration::from_secs(20) };
        let mut out = Vec::new();
        let ended = health(&HealthArgs { url: url.parse().unwrap(), timeout }, &mut out);
        server.join().unwrap();
        (ended, String::from_utf8(out).unwrap())
    }

    #[test]
    fn only_200_is_well() {
        let (well, said) = asked("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n", false);
        assert_eq!((well.unwrap(), said.as_str()), (Exit::Done, "ok\n"));
        let (unwell, said) =
            asked("HTTP/1.1 503 Service Unavailable\r\n\r\nthe poll loop\n", false);
        assert_eq!((unwell.unwrap(), said.as_str()), (Exit::Failed, "the poll loop\n"));
        assert_eq!(asked("", false).0.unwrap(), Exit::Failed);
        assert_eq!(asked("200 but no HTTP", false).0.unwrap(), Exit::Failed);
    }

    #[test]
    fn silence_is_not_waited_for() {
        assert!(asked("", true).0.is_err());
    }

    #[test]
    fn nobody_there_is_an_error_that_names_the_address() {
        // Taken, so that nobody else listens there, and not listened on.
        let taken = tokio::net::TcpSocket::new_v4().unwrap();
        taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let free = taken.local_addr().unwrap();
        let url = format!("http://{free}/healthz").parse().unwrap();
        let error = health(&HealthArgs { url, timeout: Duration::from_secs(5) }, &mut Vec::new())
            .unwrap_err();
        assert!(format!("{error:#}").contains(&free.to_string()));
    }

    #[test]
    fn an_address_is_plain_http_without_secrets() {
        assert!(plain_http("http://[::1]:9464/readyz").is_ok());
        for refused in ["127.0.0.1:9464", "https://a/healthz", "http://u:p@a/", "file:///x", ""] {
            assert!(plain_http(refused).is_err(), "{refused}");
        }
    }
}
