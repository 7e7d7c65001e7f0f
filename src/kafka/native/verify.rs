//! Why a broker's certificate is not valid: librdkafka's own text is the same for every reason, and the crate's consumer takes no callback that would be told. So a
//! client of its own tries the handshake once more and notes the reason. It does it on librdkafka's threads: nobody waits.

use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicI32, Ordering};

use rdkafka::bindings as rd;
use rdkafka::client::{Client, ClientContext};
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaResult;
use rdkafka::types::RDKafkaType;

/// A handshake that is tried to learn why it fails.
pub struct Handshake {
    client: Client<Verdict>,
}

/// OpenSSL's number of the first fault; 0: none yet.
struct Verdict(AtomicI32);

impl ClientContext for Verdict {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {}

    fn error(&self, _error: rdkafka::error::KafkaError, _reason: &str) {}
}

impl Handshake {
    /// Begins one with `broker`; `properties` are those of TLS.
    ///
    /// # Errors
    /// No thread, no memory.
    pub fn begin<'p>(
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
        // SAFETY: the configuration is alive, and the client that is made of it passes its context as `opaque`.
        let _ = unsafe { rd::rd_kafka_conf_set_ssl_cert_verify_cb(native.ptr(), Some(verify)) };
        let client = Client::new(
            &config,
            native,
            RDKafkaType::RD_KAFKA_PRODUCER,
            Verdict(AtomicI32::new(0)),
        )?;
        Ok(Self { client })
    }

    /// The reason, once it is known.
    #[must_use]
    pub fn reason(&self) -> Option<i32> {
        Some(self.client.context().0.load(Ordering::Relaxed)).filter(|code| *code != 0)
    }
}

unsafe extern "C" fn verify(
    _client: *mut rd::rd_kafka_t,
    _broker: *const c_char,
    _id: i32,
    fault: *mut c_int,
    _depth: c_int,
    _certificate: *const c_char,
    _size: usize,
    _text: *mut c_char,
    _text_size: usize,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: both are librdkafka's to pass; the context outlives the client, whose threads call this.
    let (verdict, fault) = unsafe { (&*opaque.cast::<Verdict>(), *fault) };
    if fault == 0 {
        return 1;
    }
    let _ = verdict.0.compare_exchange(0, fault, Ordering::Relaxed, Ordering::Relaxed);
    0
}
