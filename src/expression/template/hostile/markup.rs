//! Any template with any value against a naive model of Slack's markup.
use proptest::prelude::*;

use super::filled;

/// What Slack makes of a text: its `<…>` forms and its lines.
#[derive(Debug, PartialEq, Eq)]
struct Markup {
    /// Of each: the sign of a mention, if it is one, the parts of a date, and the labels.
    forms: Vec<(Option<char>, usize, usize)>,
    /// Whether the host is the author's.
    hosts: Vec<bool>,
    /// The number of quotes.
    quotes: usize,
}

const BREAKS: [char; 7] = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// The lines of `text`, each with whether it is quoted. Slack's page does not say whether a mark
/// may be indented: both must hold.
fn lines(text: &str, may_be_indented: bool) -> Vec<(bool, &str)> {
    let mut to_the_end = false;
    let lines = text.split(BREAKS).map(|line| {
        let start = if may_be_indented { line.trim_start() } else { line };
        let marks = start.replacen("&gt;", ">", 3);
        to_the_end |= marks.starts_with(">>>");
        (to_the_end || marks.starts_with('>'), line)
    });
    lines.collect()
}

fn markup(text: &str, may_be_indented: bool) -> Markup {
    let (mut forms, mut hosts) = (Vec::new(), Vec::new());
    for form in text.split('<').skip(1).filter_map(|text| Some(text.split_once('>')?.0)) {
        if form.contains(BREAKS) {
            continue;
        }
        let target = form.split('|').next().unwrap();
        let sign = target.chars().next().filter(|c| matches!(c, '@' | '#' | '!'));
        let date = if sign == Some('!') { target.split('^').count() } else { 0 };
        forms.push((sign, date, form.split('|').count()));
        let host = target.split_once("://").map_or("", |(_, after)| after);
        let host =
            host.split(|c: char| !c.is_alphanumeric() && !".-%@:".contains(c)).next().unwrap();
        let host = host.rsplit('@').next().unwrap().split(':').next().unwrap();
        hosts.push(host.ends_with("x.test"));
    }
    let quoted: Vec<bool> = lines(text, may_be_indented).iter().map(|line| line.0).collect();
    let quotes = quoted.chunk_by(|a, b| a == b).filter(|lines| lines[0]).count();
    Markup { forms, hosts, quotes }
}

/// Text of an author.
fn own() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "<",
        ">",
        "|",
        "\n",
        "> ",
        "\n> ",
        "\n>",
        ">>>",
        "\n>>> ",
        "&gt; ",
        "&",
        "&g",
        "gt;",
        " ",
        "x",
        "<https://x.test",
        "<https://x.test/",
        "<https://",
        ".x.test/",
        "<@",
        "<#",
        "<!",
        "<!date^",
        "^",
        "<!here>",
        "|y> ",
        "@",
        "!",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..3).prop_map(|own| own.concat())
}

/// A value, in which `v` is the visible text.
fn value() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "v",
        "v",
        "v",
        "\n",
        "\r\n",
        "\r",
        "\u{2028}",
        ">",
        ">>>",
        "<",
        "&",
        "&gt;",
        "gt;",
        "t;",
        ";",
        "|",
        "!here",
        "!",
        "@",
        "#",
        "^",
        " ",
        "\t",
        "https://evil.test/",
        ".evil.test",
        "@evil.test",
        "/",
        ":",
        "?",
        "\\",
        "x.test",
        "\u{1}",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..6).prop_map(|value| value.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn the_code_is_the_authors(values in prop::array::uniform3("[`x\n]{0,6}")) {
        let block = filled("```{{a}}{{b}} y\n{{c}}```", &values);
        prop_assert_eq!(block.find("```"), Some(0));
        prop_assert_eq!(block.get(3..).unwrap().find("```"), Some(block.len() - 6), "{:?}", block);
        let span = filled("`{{a}}{{b}} y {{c}}`", &values);
        prop_assert_eq!(span.matches('`').count(), 2, "{:?}", span);
    }

    #[test]
    fn the_links_pings_and_quotes_are_the_authors(
        own in prop::collection::vec(own(), 4),
        values in prop::array::uniform3(value()),
        is_indented in any::<bool>(),
    ) {
        // Each variable has its own visible letter.
        const LETTERS: [&str; 3] = ["J", "K", "L"];
        let variables = ["{{a}}", "{{b}}", "{{c}}", ""];
        let template: String = own.iter().zip(variables).flat_map(|(own, variable)| [own, variable]).collect();
        let harmless = filled(&template, &LETTERS.map(str::to_owned));
        let values: Vec<String> = values.iter().zip(LETTERS).map(|(value, letter)| value.replace('v', letter)).collect();
        let text = filled(&template, &values);
        let (expected, found) = (markup(&harmless, is_indented), markup(&text, is_indented));
        prop_assert_eq!(&found.forms, &expected.forms, "{:?} from {:?}", text, template);
        prop_assert_eq!(found.quotes, expected.quotes, "{:?} from {:?}", text, template);
        for (of_values, of_author) in found.hosts.iter().zip(&expected.hosts) {
            // An own `@` makes a user of the host before it.
            prop_assert!(of_values | !of_author | template.contains('@'), "{:?} from {:?}", text, template);
        }
        let expected = lines(&harmless, is_indented);
        for (is_quoted, line) in lines(&text, is_indented) {
            for letter in LETTERS.into_iter().filter(|letter| line.contains(letter)) {
                let of_author = expected.iter().find(|(_, line)| line.contains(letter)).unwrap().0;
                prop_assert_eq!(is_quoted, of_author, "{} in {:?} from {:?}", letter, text, template);
            }
        }
    }
}
