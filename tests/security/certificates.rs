//! A certificate authority and its certificates: for the broker, for clients, expired, and for
//! another host.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, date_time_ymd,
};

/// Writes all certificates and keys as PEM into `directory`.
pub fn write(directory: &Path) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "the authority of the tests");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(directory.join("ca.pem"), authority.pem()).unwrap();
    for (name, host) in [
        ("server", "127.0.0.1"),
        ("expired", "127.0.0.1"),
        ("other", "elsewhere.example"),
        ("client", "client"),
    ] {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        if name == "expired" {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap().pem();
        // Kafka requires the key first.
        std::fs::write(directory.join(format!("{name}.pem")), key.serialize_pem() + &certificate)
            .unwrap();
        std::fs::write(directory.join(format!("{name}.key")), key.serialize_pem()).unwrap();
        std::fs::write(directory.join(format!("{name}.crt")), certificate).unwrap();
    }
    let mut stranger = CertificateParams::new(vec!["client".to_owned()]).unwrap();
    stranger.distinguished_name.push(DnType::CommonName, "a stranger");
    let key = KeyPair::generate().unwrap();
    std::fs::write(directory.join("stranger.crt"), stranger.self_signed(&key).unwrap().pem())
        .unwrap();
    std::fs::write(directory.join("stranger.key"), key.serialize_pem()).unwrap();
}
