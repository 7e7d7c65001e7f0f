//! Names of fields as an expression writes them.

/// Whether a name needs no quotes.
pub fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Returns a name as an expression writes it: in double quotes unless it is plain.
pub fn written(name: &str) -> String {
    if is_plain(name) {
        return name.to_owned();
    }
    serde_json::Value::from(name).to_string()
}
