//! TLS and SASL to Kafka: the real program on a real broker that asks for them, and what is said where it is not let in.

mod admitted;

mod acls;

mod broker;

mod certificates;

mod refused;

mod token;

mod rotated;
