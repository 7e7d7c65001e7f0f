//! TLS, SASL and ACLs of Kafka: the real program on a real broker that requires them, and its
//! reports where the broker refuses it.

mod admitted;

mod acls;

mod broker;

mod certificates;

mod protocol;

mod refused;

mod token;

mod rotated;

mod online;
