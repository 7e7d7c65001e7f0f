//! `slackline health`: checks a running worker, for images without a shell or curl.
//!
//! Invariant: the exit code is 0 only if the worker answered 200 in time.

use std::io::Write;
use std::time::Duration;

use anstream::stdout;
use anyhow::Context as _;
use reqwest::{Client, StatusCode, redirect};
use url::Url;

use super::exit::Exit;
use super::values::parse_duration;

const EXAMPLES: &str = "\
Examples:
  slackline health                                      is the worker alive?
  slackline health --url http://127.0.0.1:9464/readyz   is it ready?

In a Dockerfile: HEALTHCHECK CMD [\"slackline\", \"health\"]";

/// The maximum length of a response in bytes: more than all reasons for a failing probe.
const BODY_LIMIT: usize = 64 * 1024;

/// Check whether a running worker is alive: exit code 0 or 1
///
/// For health checks without a shell or curl. Prints the worker's response.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct HealthArgs {
    /// The URL to check: /healthz or /readyz on the worker's `admin.listen`
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:9464/healthz",
        value_parser = plain_http
    )]
    url: Url,

    /// Fail without a response within this time
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration)]
    timeout: Duration,
}

pub fn run(args: &HealthArgs) -> anyhow::Result<Exit> {
    health(args, &mut stdout())
}

/// Parses an `http` URL without a user and password.
fn plain_http(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error: url::ParseError| error.to_string())?;
    let is_plain = url.scheme() == "http"
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    if is_plain {
        Ok(url)
    } else {
        Err("give a URL such as `http://127.0.0.1:9464/healthz`".to_owned())
    }
}

/// Sends the request and prints the body of the response.
fn health(args: &HealthArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (status, body) = runtime
        .block_on(get(&args.url, args.timeout))
        .map_err(reqwest::Error::without_url)
        .with_context(|| {
            format!(
                "no response from `{}`; is the worker running, and is this its `admin.listen`? \
                 --url sets another one",
                args.url
            )
        })?;
    out.write_all(&body)?;
    Ok(if status == StatusCode::OK { Exit::Done } else { Exit::Failed })
}

async fn get(url: &Url, timeout: Duration) -> reqwest::Result<(StatusCode, Vec<u8>)> {
    // reqwest requires a TLS provider even for plain HTTP. An error means that one is installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .redirect(redirect::Policy::none())
        .timeout(timeout)
        .build()?;
    let mut response = client.get(url.clone()).send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_LIMIT {
            break;
        }
    }
    Ok((response.status(), body))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

    use std::io::Read as _;
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Checks a server that sends `answer` and, with `hold`, leaves the connection open.
    fn check(answer: &'static str, hold: bool) -> (anyhow::Result<Exit>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/healthz", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /healthz HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
            // Until the client closes the connection.
            while hold && stream.read(&mut request).is_ok_and(|read| read > 0) {}
        });
        let timeout = if hold { Duration::from_millis(200) } else { Duration::from_secs(20) };
        let mut out = Vec::new();
        let ended = health(&HealthArgs { url: url.parse().unwrap(), timeout }, &mut out);
        server.join().unwrap();
        (ended, String::from_utf8(out).unwrap())
    }

    #[test]
    fn only_status_200_is_healthy() {
        let (healthy, body) = check("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n", false);
        assert_eq!((healthy.unwrap(), body.as_str()), (Exit::Done, "ok\n"));
        let (unhealthy, body) =
            check("HTTP/1.1 503 Service Unavailable\r\n\r\nthe poll loop\n", false);
        assert_eq!((unhealthy.unwrap(), body.as_str()), (Exit::Failed, "the poll loop\n"));
        assert!(check("", false).0.is_err());
        assert!(check("200 without HTTP", false).0.is_err());
    }

    #[test]
    fn a_missing_response_fails_after_the_timeout() {
        assert!(check("", true).0.is_err());
    }

    #[test]
    fn a_refused_connection_is_an_error_with_the_address() {
        // Bound, so that no other process listens there, and not listening.
        let taken = tokio::net::TcpSocket::new_v4().unwrap();
        taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let free = taken.local_addr().unwrap();
        let url = format!("http://{free}/healthz").parse().unwrap();
        let error = health(&HealthArgs { url, timeout: Duration::from_secs(5) }, &mut Vec::new())
            .unwrap_err();
        assert!(format!("{error:#}").contains(&free.to_string()));
    }

    #[test]
    fn the_url_is_plain_http_without_secrets() {
        assert!(plain_http("http://[::1]:9464/readyz").is_ok());
        for refused in ["127.0.0.1:9464", "https://a/healthz", "http://u:p@a/", "file:///x", ""] {
            assert!(plain_http(refused).is_err(), "{refused}");
        }
    }
}
