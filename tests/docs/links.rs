//! Every relative link between pages, and every `runbook_url`, leads to a file and a heading that
//! exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{files, pages, read};

/// Where absolute links to this repository's own files start.
const REPOSITORY: &str = "https://github.com/slackline/slackline/blob/main/";

/// The page without fenced blocks and inline code, in which a bracket is not a link.
fn prose(page: &str) -> String {
    let mut fenced = false;
    let lines = page.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    });
    lines.map(|line| line.split('`').step_by(2).collect::<String>() + "\n").collect()
}

/// The targets of the inline links and images of a page.
fn targets(page: &str) -> Vec<String> {
    let prose = prose(page);
    let links = prose.split("](").skip(1);
    links.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// The anchors that GitHub gives to the headings of a page.
fn anchors(page: &str) -> BTreeSet<String> {
    let (mut found, mut fenced) = (BTreeSet::new(), false);
    for line in page.lines() {
        fenced ^= line.starts_with("```");
        let heading = line.trim_start_matches('#');
        if fenced || heading == line || !heading.starts_with(' ') {
            continue;
        }
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let text: String = heading.trim().to_lowercase().chars().filter(kept).collect();
        let anchor = text.replace(' ', "-");
        let repeated = (1..).map(|n| format!("{anchor}-{n}"));
        let unused = std::iter::once(anchor.clone()).chain(repeated).find(|a| !found.contains(a));
        found.extend(unused);
    }
    found
}

/// Why a link from a page in `folder` leads nowhere.
fn fault(folder: &Path, page: &Path, target: &str) -> Option<String> {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = if path.is_empty() { page.to_owned() } else { folder.join(path) };
    if !file.exists() {
        return Some(format!("{}: `{target}`: no such file", page.display()));
    }
    let known = anchor.is_empty() || anchors(&read(&file)).contains(anchor);
    (!known).then(|| format!("{}: `{target}`: no such heading", page.display()))
}

#[test]
fn every_link_between_pages_resolves() {
    let (mut faults, mut links) = (Vec::new(), 0);
    for page in pages() {
        let folder = page.parent().unwrap();
        for target in targets(&read(&page)) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            faults.extend(fault(folder, &page, &target));
            links += 1;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(links > 30, "{links} links found");
}

/// `runbook_url` of the alerts, the link of the dashboard, and any other.
#[test]
fn every_absolute_link_to_the_repository_resolves() {
    let (mut faults, mut links) = (Vec::new(), 0);
    for path in files(".", &["md", "yaml", "yml", "json", "rs", "tpl", "txt", "toml", "service"]) {
        if path.ends_with("links.rs") {
            continue;
        }
        for after in read(&path).split(REPOSITORY).skip(1) {
            let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ')' | '>' | '`');
            let target = after.split(ends).next().unwrap_or_default();
            faults.extend(fault(Path::new("."), &path, target));
            links += 1;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(links > 20, "{links} links found");
}

/// Paths in inline code, such as those of "how to add a metric". The changelog may name old ones.
#[test]
fn every_path_in_the_pages_exists() {
    let roots = ["src/", "tests/", "docs/", "deploy/", "helm/", "benches/"];
    let (mut faults, mut paths) = (Vec::new(), 0);
    for page in pages().iter().filter(|page| !page.ends_with("CHANGELOG.md")) {
        let text = read(page);
        for code in text.split('`').skip(1).step_by(2) {
            let is_path = roots.iter().any(|root| code.starts_with(root))
                && !code.contains(|c: char| c.is_whitespace() || c.is_uppercase() || c == '*');
            paths += usize::from(is_path);
            if is_path && !Path::new(code).exists() {
                faults.push(format!("{}: `{code}`: no such file", page.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(paths > 40, "{paths} paths found");
}

/// Every command of daily work that a page names is a recipe of the `justfile`.
#[test]
fn every_just_command_in_the_pages_exists() {
    let recipes = read("justfile");
    let is_recipe = |name: &str| {
        let heads = recipes.lines().filter_map(|line| line.split_once(':'));
        heads.map(|(head, _)| head.split(' ').next()).any(|head| head == Some(name))
    };
    let mut commands = 0;
    for page in pages() {
        let text = read(&page);
        for code in text.split('`').skip(1).step_by(2) {
            let Some(name) = code.strip_prefix("just ").and_then(|rest| rest.split(' ').next())
            else {
                continue;
            };
            let known = name.starts_with('-') || is_recipe(name);
            assert!(known, "{}: `{code}` is not in the justfile", page.display());
            commands += 1;
        }
    }
    assert!(commands > 10, "{commands} commands found");
}

#[test]
fn a_link_without_its_file_or_heading_is_found() {
    let page = PathBuf::from("README.md");
    let is_broken = |target: &str| fault(Path::new("."), &page, target).is_some();
    assert!(is_broken("docs/missing.md"));
    assert!(is_broken("docs/operations.md#missing"));
    assert!(!is_broken("docs/operations.md#runbook"));
    assert!(!is_broken("#quick-start"));
    assert_eq!(
        targets("a [b](c.md#d) `[e](f)`\n```\n[g](h)\n```\n![i](j.svg)"),
        ["c.md#d", "j.svg"]
    );
    let headings = anchors("# A `b`: c_d\n```\n# no\n```\n## E\n### E\n#hash");
    assert_eq!(headings.into_iter().collect::<Vec<_>>(), ["a-b-c_d", "e", "e-1"]);
}
