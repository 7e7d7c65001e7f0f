//! The limits that keep the code readable: sizes of files, structs and signatures, and imports that
//! run one way.
//!
//! Needs the standard library only, so that `rustc --test tests/docs/layout.rs` runs it alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of a file.
const LINES: usize = 400;

/// The most fields of a struct. Configuration and command-line arguments are exempt: they are as
/// many as there are keys and options.
const FIELDS: usize = 12;

/// The most parameters of a function, `self` aside.
const PARAMETERS: usize = 5;

fn root() -> PathBuf {
    PathBuf::from(option_env!("CARGO_MANIFEST_DIR").unwrap_or("."))
}

/// The Rust files under `folder`, relative to the root, sorted.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::from(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap().map(Result::unwrap) {
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no file in {folder}");
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Code without comments, strings, characters and the inline tests at its end.
fn bare(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let (mut bare, mut index) = (String::new(), 0);
    while index < chars.len() {
        let hashes = chars[index + 1..].iter().take_while(|c| **c == '#').count();
        match (at(index), at(index + 1)) {
            ('/', '/') => {
                while index < chars.len() && at(index) != '\n' {
                    index += 1;
                }
            }
            ('r', '"' | '#') if at(index + 1 + hashes) == '"' => {
                index += hashes + 2;
                while index < chars.len()
                    && !(at(index) == '"' && (1..=hashes).all(|hash| at(index + hash) == '#'))
                {
                    index += 1;
                }
                index += hashes + 1;
            }
            ('"', _) => {
                index += 1;
                while index < chars.len() && at(index) != '"' {
                    index += 1 + usize::from(at(index) == '\\');
                }
                index += 1;
            }
            ('\'', '\\') => {
                index += 3;
                while index < chars.len() && at(index) != '\'' {
                    index += 1;
                }
                index += 1;
            }
            ('\'', _) if at(index + 2) == '\'' => index += 3,
            (c, _) => {
                bare.push(c);
                index += 1;
            }
        }
    }
    let inline =
        bare.find("#[cfg(test)]\n#[allow").or_else(|| bare.find("#[cfg(test)]\nmod tests {"));
    if let Some(tests) = inline {
        bare.truncate(tests);
    }
    bare
}

/// The text between the bracket at `open` and the one that closes it.
fn within(text: &str, open: usize) -> &str {
    let mut depth = 0_i32;
    for (at, c) in text[open..].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[open + 1..open + at];
        }
    }
    ""
}

/// The parts of a list that commas separate, those in brackets aside.
fn parts(list: &str) -> Vec<&str> {
    let (mut found, mut depth, mut start, mut before) = (Vec::new(), 0_i32, 0, ' ');
    for (at, c) in list.char_indices() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '>' if before != '-' && before != '=' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    found.push(&list[start..]);
    found.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The structs of `code` with more than `most` fields; with their numbers.
fn large_structs(code: &str, most: usize) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("struct ") {
        let preceded = code[..at].chars().next_back().is_none_or(char::is_whitespace);
        let rest = &code[at..];
        let Some(open) = rest.find(['{', ';', '(']).filter(|open| rest[*open..].starts_with('{'))
        else {
            continue;
        };
        let item = code[..at].rfind("\n\n").map_or(0, |start| start);
        let is_arguments =
            ["Args", "Parser"].iter().any(|derived| code[item..at].contains(derived));
        let fields = parts(within(rest, open)).len();
        if preceded && !is_arguments && fields > most {
            found.push((rest[..open].trim().to_owned(), fields));
        }
    }
    found
}

/// The functions of `code` with more than `most` parameters; with their numbers.
fn long_signatures(code: &str, most: usize) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let preceded = code[..at].chars().next_back().is_none_or(char::is_whitespace);
        let rest = &code[at..];
        let name = rest[3..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
        let Some(open) = parameters_of(rest) else { continue };
        let is_self = |part: &&str| {
            let part = part.split(':').next().unwrap();
            part.split(|c: char| !c.is_alphanumeric()).any(|word| word == "self")
        };
        let count = parts(within(rest, open)).iter().filter(|part| !is_self(part)).count();
        // A callback's signature is the C library's.
        let is_foreign = code[..at].trim_end().ends_with("extern");
        if preceded && !is_foreign && !name.is_empty() && count > most {
            found.push((name.to_owned(), count));
        }
    }
    found
}

/// Where a function's parameters open: after its name and generics.
fn parameters_of(signature: &str) -> Option<usize> {
    let (mut depth, mut before) = (0_i32, ' ');
    for (at, c) in signature.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            '(' if depth == 0 => return Some(at),
            '{' | ';' if depth == 0 => return None,
            _ => {}
        }
        before = c;
    }
    None
}

/// The file of each module of the crate, by the module's path.
fn modules() -> BTreeMap<Vec<String>, PathBuf> {
    let module = |path: &PathBuf| -> Vec<String> {
        let inside = path.strip_prefix("src").unwrap().with_extension("");
        let parts = inside.iter().map(|part| part.to_string_lossy().into_owned());
        parts.filter(|part| part != "lib" && part != "main").collect()
    };
    // Tests import what they test, and more of it than the code may.
    let of_tests =
        |part: &std::ffi::OsStr| part == "tests" || part == "tests.rs" || part == "rig.rs";
    let files = rust_files("src").into_iter().filter(|path| !path.ends_with("main.rs"));
    let files = files.filter(|path| !path.iter().any(of_tests));
    files.map(|path| (module(&path), path)).collect()
}

/// Every path that a `use` of `code` names.
fn imports(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for line in code.match_indices("use ") {
        let preceded = code[..line.0].trim_end_matches(' ').chars().next_back();
        let is_use = preceded.is_none_or(|c| c == '\n' || c == ')' || c == 'b' || c == ']');
        if let Some(end) = code[line.0..].find(';').filter(|_| is_use) {
            expand(&[], code[line.0 + 4..line.0 + end].trim(), &mut found);
        }
    }
    found
}

fn expand(before: &[String], tree: &str, found: &mut Vec<Vec<String>>) {
    let mut path = before.to_vec();
    match tree.find('{') {
        Some(open) => {
            path.extend(
                tree[..open]
                    .split("::")
                    .map(str::trim)
                    .filter(|s| !s.is_empty())
                    .map(str::to_owned),
            );
            for part in parts(within(tree, open)) {
                expand(&path, part, found);
            }
        }
        None => {
            let plain = tree.split(" as ").next().unwrap();
            path.extend(plain.split("::").map(|part| part.trim().to_owned()));
            found.push(path);
        }
    }
}

/// The module that an import of `module` means, as an absolute path; `None`: another crate's.
fn resolve(
    module: &[String],
    import: &[String],
    modules: &BTreeMap<Vec<String>, PathBuf>,
) -> Option<Vec<String>> {
    let mut path = module.to_vec();
    let mut rest = import.iter();
    match import.first()?.as_str() {
        "crate" => {
            path.clear();
            rest.next();
        }
        "self" => {
            rest.next();
        }
        "super" => {}
        first => {
            path.push(first.to_owned());
            if !modules.contains_key(&path) {
                return None;
            }
            rest.next();
        }
    }
    for part in rest {
        if part == "super" {
            path.pop();
        } else {
            path.push(part.clone());
        }
    }
    while !modules.contains_key(&path) {
        path.pop()?;
    }
    Some(path)
}

/// Which files each file of the crate imports from.
fn import_graph() -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
    let modules = modules();
    let mut graph = BTreeMap::new();
    for (module, file) in &modules {
        let code = bare(&read(file));
        let mut of_file = BTreeSet::new();
        for import in imports(&code) {
            let path = resolve(module, &import, &modules).and_then(|path| modules.get(&path));
            of_file.extend(path.filter(|path| *path != file).cloned());
        }
        graph.insert(file.clone(), of_file);
    }
    graph
}

#[test]
fn no_file_is_over_400_lines() {
    let files = ["src", "tests", "benches"].into_iter().flat_map(rust_files);
    let long = files.map(|path| (read(&path).lines().count(), path));
    let long: Vec<_> = long.filter(|(lines, _)| *lines > LINES).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn no_struct_has_more_than_12_fields_and_no_function_more_than_5_parameters() {
    let mut faults = Vec::new();
    for path in rust_files("src") {
        let code = bare(&read(&path));
        if !path.starts_with("src/config") && path != Path::new("src/config.rs") {
            faults.extend(
                large_structs(&code, FIELDS).into_iter().map(|fault| (path.clone(), fault)),
            );
        }
        faults.extend(
            long_signatures(&code, PARAMETERS).into_iter().map(|fault| (path.clone(), fault)),
        );
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn no_two_files_import_each_other() {
    let graph = import_graph();
    let mut circles = Vec::new();
    for (file, imported) in &graph {
        let back = |other: &&PathBuf| graph.get(*other).is_some_and(|of| of.contains(file));
        circles.extend(
            imported.iter().filter(back).filter(|other| *other > file).map(|other| (file, other)),
        );
    }
    assert!(circles.is_empty(), "{} circles: {circles:#?}", circles.len());
}

/// Stages hand values to each other; they do not reach for the code that composes them.
#[test]
fn imports_run_down() {
    let floors: [&[&str]; 4] = [
        &["cli", "demo"],
        &["pipeline", "admin", "fake_slack", "online", "slack_api"],
        &["consume", "route", "queue", "send", "commit"],
        &["config", "expression", "event", "kafka", "metrics"],
    ];
    let floor = |path: &Path| {
        let stem = path.strip_prefix("src").unwrap().iter().next().unwrap();
        let stem = Path::new(stem).with_extension("");
        floors.iter().position(|floor| floor.iter().any(|name| Path::new(name) == stem))
    };
    let mut faults = Vec::new();
    for (file, imported) in &import_graph() {
        for other in imported {
            if let Some((below, above)) = floor(file).zip(floor(other))
                && above < below
            {
                faults.push((file.clone(), other.clone()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_limits_are_measured_right() {
    let code = "/// struct No {\npub struct A<T> { a: Vec<(T, u8)>, b: fn(u8, u8) -> u8 }\n\nstruct B;\n\nstruct C(u8);\n\n#[derive(Args)]\npub struct D { a: u8, b: u8 }\n";
    assert_eq!(large_structs(&bare(code), 1), [("struct A<T>".to_owned(), 2)]);
    let code = "fn a<F: Fn(u8, u8) -> u8>(&mut self, f: F, b: &[u8]) {}\nfn c(a: u8) {}";
    assert_eq!(long_signatures(code, 1), [("a".to_owned(), 2)]);
    let code = "use crate::a::{self, b::{C, D as E}};\npub use super::f;\nlet use_it = 1;";
    let found: Vec<String> = imports(code).iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["crate::a::self", "crate::a::b::C", "crate::a::b::D", "super::f"]);
}
