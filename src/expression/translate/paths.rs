//! Paths: `.name`, `a?.b`, `a['b c']`, `a.0`, `a.$b`, `a.b-c`, and names with blanks.

use super::operators::is_keyword;
use super::words::{Form, Word};
use crate::expression::name::is_plain;

/// Rewrites every path.
pub fn paths(words: Vec<Word>) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let next = words.get(at + 1);
        let follows_path = out.last().is_some_and(Word::ends_operand);
        at += 1;
        if word.is("?.") || word.is(".") {
            if word.is("?.") && next.is_some_and(|next| next.is("[")) {
                continue;
            }
            at += dot(word, next, follows_path, &mut out);
        } else if word.is("[") && follows_path && word.is_glued {
            let close = words.get(at + 1).filter(|close| close.is("]"));
            match next.filter(|_| close.is_some()).filter(|key| is_key(key)) {
                Some(key) => {
                    out.push(Word::sign(".", true));
                    out.push(named(key));
                    at += 2;
                }
                None => out.push(word.clone()),
            }
        } else if word.form == Form::Name && !word.is_glued && continues_name(word, next, &out) {
            if let Some(name) = out.last_mut() {
                name.text = format!("{} {}", name.text, word.text);
                name.form = Form::Quoted;
            }
        } else if word.form == Form::Name && !is_start(&word.text) {
            first(word, &mut out);
        } else {
            out.push(word.clone());
        }
    }
    out
}

/// Rewrites a dot and what follows it; returns how many words after the dot that takes.
fn dot(dot: &Word, next: Option<&Word>, follows_path: bool, out: &mut Vec<Word>) -> usize {
    let glued = next.filter(|next| next.is_glued);
    if !follows_path {
        // `.name`, and `.` alone.
        match glued.filter(|next| matches!(next.form, Form::Name | Form::Quoted)) {
            Some(name) if is_plain(&name.text) || name.form == Form::Quoted => {
                out.push(Word { is_glued: dot.is_glued, ..name.clone() });
                return 1;
            }
            Some(_) => {}
            None => out.push(Word { text: "@".to_owned(), form: Form::Name, ..dot.clone() }),
        }
        return 0;
    }
    match glued {
        Some(index) if index.form == Form::Number => {
            out.push(Word { text: format!("[{}]", index.text), form: Form::Done, is_glued: true });
            1
        }
        Some(name) if matches!(name.form, Form::Name | Form::Text | Form::Quoted) => {
            out.push(Word::sign(".", dot.is_glued));
            let is_call = name.form == Form::Name && is_plain(&name.text);
            out.push(if is_call { name.clone() } else { named(name) });
            1
        }
        _ => {
            out.push(Word::sign(".", dot.is_glued));
            0
        }
    }
}

/// Writes a name at the start of a path.
fn first(word: &Word, out: &mut Vec<Word>) {
    if word.text.starts_with('$') {
        out.push(Word { text: "$".to_owned(), ..word.clone() });
        out.push(Word::sign(".", true));
        out.push(Word { form: Form::Quoted, is_glued: true, ..word.clone() });
    } else {
        out.push(Word { form: Form::Quoted, ..word.clone() });
    }
}

/// Whether a name needs no rewriting at the start of a path.
fn is_start(name: &str) -> bool {
    is_plain(name) || matches!(name, "$" | "$record" | "@")
}

/// Whether brackets around it are a name.
fn is_key(word: &Word) -> bool {
    matches!(word.form, Form::Text | Form::Quoted)
        || word.form == Form::Name && is_plain(&word.text)
}

fn named(key: &Word) -> Word {
    let form = if is_plain(&key.text) { Form::Name } else { Form::Quoted };
    // A quote in a name is rare; JSON's escapes apply in double quotes.
    Word { text: key.text.clone(), form, is_glued: true }
}

/// Whether a name continues the one before it: `First Name`.
fn continues_name(word: &Word, next: Option<&Word>, out: &[Word]) -> bool {
    let is_call = next.is_some_and(|next| next.is("(") && next.is_glued);
    let is_name = |word: &Word| {
        matches!(word.form, Form::Name | Form::Quoted)
            && !is_keyword(&word.text)
            && !matches!(word.text.as_str(), "$" | "@" | "$record")
    };
    !is_call && is_name(word) && out.last().is_some_and(is_name)
}
