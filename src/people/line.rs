//! One line of comma-separated values, by RFC 4180.
//!
//! Not the csv crate: it accepts a quote that is not closed and text after one, where the file of
//! people must refuse what it may have misread.

/// How a line is written.
pub const HELP: &str = "write `e-mail,ID`, such as `ann@example.com,U012AB3CD`";

/// Returns the two fields of a line, without blanks around them; the second one is missing in a
/// line without a comma.
///
/// # Errors
/// What is wrong, without the line's content.
pub fn read(line: &str) -> Result<(String, Option<String>), &'static str> {
    let (first, rest) = field(line)?;
    let Some(rest) = rest else { return Ok((first, None)) };
    let (second, rest) = field(rest)?;
    if rest.is_some() {
        return Err("more than two fields");
    }
    Ok((first, Some(second)))
}

/// Returns the first field, and what comes after its comma, if it has one.
fn field(line: &str) -> Result<(String, Option<&str>), &'static str> {
    let line = line.trim();
    let Some(mut inside) = line.strip_prefix('"') else {
        let (field, rest) = line.split_once(',').map_or((line, None), |(a, b)| (a, Some(b)));
        return Ok((field.trim().to_owned(), rest));
    };
    let mut field = String::new();
    loop {
        let (part, rest) = inside.split_once('"').ok_or("an unclosed quote")?;
        field.push_str(part);
        match rest.strip_prefix('"') {
            Some(rest) => {
                field.push('"');
                inside = rest;
            }
            None => {
                let after = rest.trim_start();
                let rest = after.strip_prefix(',');
                if rest.is_none() && !after.is_empty() {
                    return Err("text after a closing quote");
                }
                return Ok((field.trim().to_owned(), rest));
            }
        }
    }
}
