//! The reason why a broker's certificate is not valid.
//!
//! librdkafka's own text is the same for every reason, and the crate's consumer offers no callback
//! for it. So a second client repeats the handshake and records the reason, on librdkafka's
//! threads, without blocking.

use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicI32, Ordering};

use rdkafka::bindings as rd;
use rdkafka::client::{Client, ClientContext};
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaResult;
use rdkafka::types::RDKafkaType;

/// A handshake that is repeated to find out why it fails.
pub struct Handshake {
    client: Client<FirstError>,
}

/// OpenSSL's number of the first error; 0: none yet.
struct FirstError(AtomicI32);

impl ClientContext for FirstError {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {}

    fn error(&self, _error: rdkafka::error::KafkaError, _reason: &str) {}
}

impl Handshake {
    /// Starts one with `broker`; `properties` are those of TLS.
    ///
    /// # Errors
    /// Out of threads or memory.
    pub fn start<'p>(
        broker: &str,
        properties: impl Iterator<Item = (&'p str, &'p str)>,
    ) -> KafkaResult<Self> {
        let mut config = ClientConfig::new();
        for (name, value) in properties {
            config.set(name, value);
        }
        config
            .set("bootstrap.servers", broker)
            .set("security.protocol", "ssl")
            .set("log_level", "0");
        let native = config.create_native_config()?;
        // SAFETY: the configuration is alive, and the client that is made with it passes its
        // context as `opaque`.
        let _ = unsafe { rd::rd_kafka_conf_set_ssl_cert_verify_cb(native.ptr(), Some(verify)) };
        let client = Client::new(
            &config,
            native,
            RDKafkaType::RD_KAFKA_PRODUCER,
            FirstError(AtomicI32::new(0)),
        )?;
        Ok(Self { client })
    }

    /// OpenSSL's number of the reason, once it is known.
    #[must_use]
    pub fn reason(&self) -> Option<i32> {
        Some(self.client.context().0.load(Ordering::Relaxed)).filter(|code| *code != 0)
    }
}

unsafe extern "C" fn verify(
    _client: *mut rd::rd_kafka_t,
    _broker: *const c_char,
    _id: i32,
    error: *mut c_int,
    _depth: c_int,
    _certificate: *const c_char,
    _size: usize,
    _text: *mut c_char,
    _text_size: usize,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: librdkafka passes valid pointers; the context outlives the client, whose threads call
    // this.
    let (first_error, error) = unsafe { (&*opaque.cast::<FirstError>(), *error) };
    if error == 0 {
        return 1;
    }
    let _ = first_error.0.compare_exchange(0, error, Ordering::Relaxed, Ordering::Relaxed);
    0
}
