//! TLS: private authorities, wrong names, and servers that do not speak it.

use std::net::SocketAddr;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::hostile::{LONG, PATH, SHORT, at, attempt, raw, says};
use super::*;
use crate::config::model::Pem;
use crate::metrics::AttemptResult;

/// A server with a certificate of a private authority for `localhost`, and that authority's PEM.
async fn server() -> (SocketAddr, Vec<u8>) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let address = raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    (address, authority.pem().into_bytes())
}

fn pem_file(bytes: &[u8]) -> Pem {
    Pem { path: "ca.pem".to_owned(), bytes: bytes.to_vec() }
}

#[tokio::test]
async fn an_unknown_authority_is_refused_and_a_configured_one_accepted() {
    let (address, pem) = server().await;
    let url = format!("https://localhost:{}{PATH}", address.port());
    let attempted = attempt(&at(&url, LONG)).await;
    assert_eq!(attempted.verdict.result(), AttemptResult::Connect);
    assert!(attempted.word.contains("certificate"), "{}", attempted.word);

    let trusting = Webhook { ca_file: Some(pem_file(&pem)), ..at(&url, LONG) };
    assert_eq!(attempt(&trusting).await.verdict, Verdict::Delivered);

    let wrong_name = format!("https://127.0.0.1:{}{PATH}", address.port());
    let attempted =
        attempt(&Webhook { ca_file: Some(pem_file(&pem)), ..at(&wrong_name, LONG) }).await;
    assert_eq!(attempted.verdict.result(), AttemptResult::Connect);
}

#[tokio::test]
async fn what_does_not_speak_tls_is_a_connection_error() {
    for bytes in
        [&b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"[..], b"", b"\x16\x03\x03\xff\xff"]
    {
        let address = says(bytes).await;
        let attempted = attempt(&at(&format!("https://{address}{PATH}"), LONG)).await;
        assert_eq!(attempted.verdict.result(), AttemptResult::Connect, "{attempted:?}");
    }
    let silent = raw(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let attempted = attempt(&at(&format!("https://{silent}{PATH}"), SHORT)).await;
    assert_eq!(attempted.verdict.result(), AttemptResult::Timeout);
}

#[test]
fn a_ca_file_without_a_certificate_is_refused() {
    let key = KeyPair::generate().unwrap();
    let valid = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem();
    let (first, last) = (valid.lines().next().unwrap(), valid.lines().last().unwrap());
    let broken = format!("{first}\nnot base64 at all!\n{last}\n");
    for pem in [&b""[..], b"no PEM", broken.as_bytes()] {
        let webhook = Webhook { ca_file: Some(pem_file(pem)), ..webhook() };
        let error = Endpoint::open(&webhook, &[], &mut ClientPool::default()).err().unwrap();
        assert!(matches!(error, ClientError::Ca(_)), "{error:?}");
    }
}
