//! The project's language: plain technical words in comments, strings, docs, help and test names.
//!
//! Needs the standard library only, so that `rustc --test tests/docs/language.rs` runs it alone.

use std::fs;
use std::path::{Path, PathBuf};

/// Words and phrases to avoid, with a better one. Matched as whole words, ignoring case.
const AVOID: &[(&str, &str)] = &[
    ("told", "logged, reported, recorded"),
    ("tell", "log, report, say"),
    ("tells", "logs, reports, says"),
    ("telling", "logging, reporting"),
    ("untold", "uncommitted, unreported"),
    ("anew", "again, recreated"),
    ("remade", "recreated"),
    ("gone", "removed, revoked, expired"),
    ("let go", "released"),
    ("lets go", "releases"),
    ("mend", "fix"),
    ("mended", "fixed"),
    ("is none", "is not a …, invalid"),
    ("there twice", "duplicate"),
    ("comes twice", "is duplicated"),
    ("come twice", "be duplicated"),
    ("stands still", "makes no progress"),
    ("stand still", "make no progress"),
    ("stood still", "made no progress"),
    ("stands", "is"),
    ("nobody", "name the component or person"),
    ("somebody", "name the component or person"),
    ("whoever", "name the component or person"),
    ("asks for", "requests, requires"),
    ("asked for", "requested"),
    ("ask for", "request"),
    ("at once", "immediately"),
    ("so long", "this long, while"),
    ("so many", "this many, `N`"),
    ("begin", "start"),
    ("begins", "starts"),
    ("began", "started"),
    ("begun", "started"),
    ("looks at", "checks, polls"),
    ("look at", "check, poll"),
    ("looked at", "checked, polled"),
    ("in force", "active"),
    ("as it is", "unchanged"),
    ("as it was", "unchanged"),
    ("as they are", "unchanged"),
    ("of its own", "its own"),
    ("of their own", "their own"),
    ("lane", "sender"),
    ("lanes", "senders"),
    ("design.md", "the repository's own page"),
    ("words.md", "the repository's own page"),
];

/// Phrases in which a word to avoid is right.
const EXEMPT: &[&str] = &["410 gone", "gone (410)", "gone: 410"];

/// The longest comment line, in columns.
const COLUMNS: usize = 100;

/// Files and folders that are not prose of the project: data, recordings, suites of others.
const DATA: &[&str] = &[
    "tests/docs/language.rs",
    "tests/compliance",
    "tests/alerts/recordings",
    "tests/config/bad",
    "proptest-regressions",
    "target",
    "LICENSE",
    "Cargo.lock",
];

/// Text of a file that the rules cover, with the line that it starts on.
struct Passage {
    line: usize,
    text: String,
    is_comment: bool,
}

fn root() -> PathBuf {
    PathBuf::from(option_env!("CARGO_MANIFEST_DIR").unwrap_or("."))
}

/// Every file with prose of the project, relative to the root, sorted.
fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root().join(&folder)).unwrap();
        for entry in entries.map(Result::unwrap) {
            let path = folder.join(entry.file_name());
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let wanted_hidden =
                [".ci", ".github", ".cargo"].iter().any(|dir| path.starts_with(dir));
            if DATA.iter().any(|data| path.starts_with(data)) || hidden && !wanted_hidden {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if is_text(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() > 100, "the files of the project were not found");
    found
}

fn is_text(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let name = path.file_name().unwrap().to_string_lossy();
    matches!(
        extension,
        "rs" | "md" | "sh" | "py" | "yaml" | "yml" | "tpl" | "txt" | "toml" | "service"
    ) || matches!(&*name, "Dockerfile" | "justfile" | "run")
}

/// The comments, strings and test names of Rust code; of other files, every line.
fn passages(path: &Path, text: &str) -> Vec<Passage> {
    if path.extension().is_some_and(|extension| extension == "rs") {
        return rust(text);
    }
    let markdown = path.extension().is_some_and(|extension| extension == "md");
    let lines = text.lines().enumerate();
    lines
        .map(|(at, text)| Passage {
            line: at + 1,
            text: text.to_owned(),
            is_comment: !markdown && text.trim_start().starts_with('#'),
        })
        .collect()
}

fn rust(code: &str) -> Vec<Passage> {
    let chars: Vec<char> = code.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let (mut found, mut index, mut line) = (Vec::new(), 0, 1);
    while index < chars.len() {
        let start = index;
        let first = at(index);
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut kind = None;
        if first == '/' && at(index + 1) == '/' {
            while index < chars.len() && at(index) != '\n' {
                index += 1;
            }
            kind = Some(true);
        } else if first == '/' && at(index + 1) == '*' {
            while index < chars.len() && !(at(index) == '*' && at(index + 1) == '/') {
                index += 1;
            }
            index += 2;
            kind = Some(true);
        } else if first == '"' {
            index += 1;
            while index < chars.len() && at(index) != '"' {
                index += 1 + usize::from(at(index) == '\\');
            }
            index += 1;
            kind = Some(false);
        } else if first == 'r'
            && matches!(at(index + 1), '"' | '#')
            && raw_hashes(&chars, index).is_some()
        {
            let hashes = raw_hashes(&chars, index).unwrap();
            index += hashes + 2;
            while index < chars.len()
                && !(at(index) == '"' && (1..=hashes).all(|hash| at(index + hash) == '#'))
            {
                index += 1;
            }
            index += hashes + 1;
            kind = Some(false);
        } else if first == '\'' {
            // A character, or a lifetime.
            index += match (at(index + 1), at(index + 2)) {
                ('\\', _) => {
                    let close = (index + 3..chars.len()).find(|&close| at(close) == '\'');
                    close.map_or(1, |close| close + 1 - index)
                }
                (_, '\'') => 3,
                _ => 1,
            };
        } else if is_word(first) {
            while is_word(at(index)) {
                index += 1;
            }
            let word: String = chars[start..index].iter().collect();
            let before: String = chars[start.saturating_sub(3)..start].iter().collect();
            // A function's name; a test's is a sentence.
            if before == "fn " {
                found.push(Passage { line, text: word.replace('_', " "), is_comment: false });
            }
        } else {
            index += 1;
        }
        let text = &chars[start..index.min(chars.len())];
        if let Some(is_comment) = kind {
            let passage = text.iter().collect::<String>();
            for (below, text) in passage.lines().enumerate() {
                found.push(Passage { line: line + below, text: text.to_owned(), is_comment });
            }
        }
        line += text.iter().filter(|c| **c == '\n').count();
    }
    found
}

/// How many `#` a raw string that starts at `index` has.
fn raw_hashes(chars: &[char], index: usize) -> Option<usize> {
    let hashes = chars[index + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(index + 1 + hashes) == Some(&'"')).then_some(hashes)
}

/// The first phrase to avoid in `text`, with a better one.
fn avoided(text: &str) -> Vec<(&'static str, &'static str)> {
    let mut text = text.to_lowercase();
    for exempt in EXEMPT {
        text = text.replace(exempt, "");
    }
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let whole = |phrase: &str| {
        text.match_indices(phrase).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + phrase.len()..].chars().next();
            !is_word(before) && !is_word(after)
        })
    };
    AVOID.iter().copied().filter(|(phrase, _)| whole(phrase)).collect()
}

#[test]
fn words_are_plain() {
    let mut faults = Vec::new();
    for path in files() {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        for passage in passages(&path, &text) {
            for (phrase, better) in avoided(&passage.text) {
                let at = format!("{}:{}", path.display(), passage.line);
                faults.push(format!("{at}: `{phrase}` ({better})"));
            }
        }
    }
    let shown = faults.join("\n");
    assert!(faults.is_empty(), "{} words to replace:\n{shown}", faults.len());
}

#[test]
fn comments_end_by_column_100() {
    let mut faults = Vec::new();
    for path in files() {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for passage in passages(&path, &text).iter().filter(|passage| passage.is_comment) {
            let line = lines.get(passage.line - 1).copied().unwrap_or_default();
            let columns = line.chars().count();
            if columns > COLUMNS && !line.contains("://") {
                faults.push(format!("{}:{}: {columns} columns", path.display(), passage.line));
            }
        }
    }
    let shown = faults.join("\n");
    assert!(faults.is_empty(), "{} comments are too wide:\n{shown}", faults.len());
}

#[test]
fn a_word_is_found_in_a_comment_a_string_and_a_name_and_nowhere_else() {
    let found = |code: &str| -> Vec<(usize, &str)> {
        let passages = rust(code).into_iter();
        passages
            .flat_map(|at| avoided(&at.text).into_iter().map(move |(word, _)| (at.line, word)))
            .collect()
    };
    let code = "let told = 'a';\n// was told\nlet a = \"x\\\" anew\"; let b = r#\"is gone \" \"#;\n/* so\nlong */ fn nobody_sees() {}";
    assert_eq!(found(code), [(2, "told"), (3, "anew"), (3, "gone"), (5, "nobody")]);
    assert_eq!(found("// stale, told_by, foretold, 410 Gone"), []);
    assert_eq!(found("// it begins at once"), [(1, "at once"), (1, "begins")]);
}
