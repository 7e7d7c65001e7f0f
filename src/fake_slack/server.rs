//! The fake Slack's HTTP server: hyper, or the raw connection for a faulty answer.

use std::error::Error as _;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::answer::{Answer, Fault};
use super::record::API;
use super::state::State;
use super::{control, fault};

/// The maximum length of a request in bytes. No Slack message is longer.
const LARGEST_REQUEST: usize = 1024 * 1024;

/// Accepts connections until the task is aborted, which closes them.
pub async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&state)));
                }
                // Usually out of file descriptors, until other connections are closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Stops hyper, so that the faulty answer to a request to `path` can be written to the raw
/// connection.
#[derive(Debug, thiserror::Error)]
#[error("a fault is to be injected")]
struct Faulty {
    fault: Fault,
    answer: Answer,
    path: String,
}

async fn connection(mut stream: TcpStream, state: Arc<State>) {
    // Sends small answers immediately, so that measured latencies are real.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| {
        Box::pin(async {
            let path = request.uri().path().to_owned();
            let answer = respond(&state, request).await;
            tokio::time::sleep(Duration::from_millis(answer.delay_ms)).await;
            match answer.fault {
                None => Ok(response(&answer)),
                Some(fault) => Err(Faulty { fault, answer, path }),
            }
        })
    });
    let mut served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(&mut stream), service);
    // Other errors mean that the client has closed the connection.
    let error = poll_fn(|context| served.poll_without_shutdown(context)).await.err();
    drop(served);
    match error.as_ref().and_then(|error| error.source()?.downcast_ref::<Faulty>()) {
        Some(Faulty { fault, answer, path }) => fault::inject(*fault, answer, path, stream).await,
        None => {
            let _ = tokio::io::AsyncWriteExt::shutdown(&mut stream).await;
        }
    }
}

async fn respond(state: &State, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let body = match pin!(Limited::new(body, LARGEST_REQUEST)).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Answer::new(413, "request_too_large");
        }
        Err(_) => Bytes::new(),
    };
    let path = head.uri.path();
    if let Some(target) = path.strip_prefix("/control") {
        return control::respond(state, &head.method, target, &body);
    }
    if head.method == Method::GET && path.starts_with(API) {
        // The arguments of a method may be in the URL.
        let query = head.uri.query().unwrap_or_default().to_owned();
        return state.receive(path.to_owned(), head.headers, Bytes::from(query));
    }
    if head.method != Method::POST {
        return Answer::new(405, "method_not_allowed").with_header("Allow", "POST");
    }
    state.receive(path.to_owned(), head.headers, body)
}

fn response(answer: &Answer) -> Response<String> {
    let mut response = Response::new(answer.body.clone());
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/html"));
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
