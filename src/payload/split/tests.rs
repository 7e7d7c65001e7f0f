//! Where a text is split, by examples and for any text.

use std::ops::Range;

use proptest::prelude::*;

use super::*;

/// The parts of a text, each shown as its start, its end and its number of characters.
fn lengths(text: &str) -> Vec<usize> {
    split(text).parts.iter().map(|part| part.chars().count()).collect()
}

fn ends(text: &str) -> Vec<String> {
    let shown = |part: &String| {
        let characters: Vec<char> = part.chars().collect();
        let start: String = characters.iter().take(6).collect();
        let end: String = characters.iter().skip(characters.len().saturating_sub(6)).collect();
        format!("{start}~{end} {}", characters.len())
    };
    split(text).parts.iter().map(shown).collect()
}

#[test]
fn a_text_that_fits_is_one_part() {
    for text in ["x".to_owned(), "é".repeat(4_000), format!(" {}\n", "a ".repeat(1_999))] {
        assert_eq!(split(&text), Split { parts: vec![text.clone()], is_cut: false });
    }
    assert_eq!(lengths(""), [0; 0]);
    assert_eq!(lengths(&" ".repeat(9_000)), [0; 0]);
}

/// A blank line before a line break, and that before white space; in the second half alone.
#[test]
fn a_part_ends_at_the_best_white_space_of_its_second_half() {
    let a = |count: usize| "a".repeat(count);
    for (text, expected) in [
        (a(4_001), vec![4_000, 1]),
        (a(1_999) + " " + &a(4_000), vec![4_000, 1_999 + 1]),
        (a(2_000) + " " + &a(4_000), vec![2_000, 4_000]),
        (a(4_000) + " " + &a(4_000), vec![4_000, 4_000]),
        (a(2_500) + " " + &a(500) + " " + &a(4_000), vec![3_000 + 1, 4_000]),
        (a(2_500) + "\n" + &a(500) + " " + &a(4_000), vec![2_500, 500 + 1 + 3_499, 501]),
        (a(2_500) + "\n \t\n" + &a(500) + "\n" + &a(3_500), vec![2_500, 500 + 1 + 3_499, 1]),
        (a(1_000) + "\n\n" + &a(2_000) + "\n" + &a(3_000), vec![3_002 + 1 - 1, 3_000]),
        (a(1_500) + &" ".repeat(1_000) + &a(3_000), vec![1_500, 3_000]),
        (a(3_990) + &"\n".repeat(9_000), vec![3_990]),
        ("\n".repeat(9_000) + &a(10), vec![10]),
    ] {
        assert_eq!(lengths(&text), expected, "{}", text.len());
    }
}

#[test]
fn a_cut_divides_no_form_entity_emoji_or_grapheme() {
    let a = |count: usize| "a".repeat(count);
    for (atom, before) in [
        ("<https://x.test/a|two words>", 3_990),
        ("<@U0123456789>", 3_999),
        ("&amp;", 3_996),
        (":thumbsup:", 3_995),
        (":thumbsup::skin-tone-4:", 3_985),
        (":+1:", 3_997),
        ("👩‍👩‍👧", 3_998),
        ("🇩🇪", 3_999),
        ("e\u{301}", 3_999),
        ("```a fence\n\nwith lines```", 3_980),
    ] {
        let text = a(before) + atom + &a(3_000);
        let parts = split(&text).parts;
        assert_eq!(parts.first().map(String::len), Some(before), "{atom}");
        assert!(parts[1].starts_with(atom), "{atom}");
    }
    // What is longer than a part is cut like text.
    let long = format!("<https://x.test/{}>", a(6_000));
    assert_eq!(lengths(&long), [4_000, long.len() - 4_000]);
    assert_eq!(lengths(&format!(":{}:", a(6_000))), [4_000, 2_002]);
    let combined = format!("e{}", "\u{301}".repeat(6_000));
    assert_eq!(lengths(&combined), [4_000, 2_001]);
}

#[test]
fn a_fence_that_does_not_fit_is_closed_and_opened_again() {
    let line = format!("  {}\n", "x".repeat(97));
    let text = format!("Log:\n```\n{}```\nthe end", line.repeat(90));
    assert_eq!(
        ends(&text),
        [
            format!("Log:\n`~xxx``` {}", 5 + 4 + 39 * 100 - 1 + 3),
            format!("```  x~xxx``` {}", 3 + 39 * 100 - 1 + 3),
            format!("```  x~he end {}", 3 + 12 * 100 + 3 + 8),
        ]
    );
    // One that fits is moved as a whole, however short the part before is.
    let fence = format!("```\n{}```", line.repeat(39));
    assert_eq!(lengths(&format!("{}\n{fence} after", "word ".repeat(100))), [499, 3_907 + 6]);
    // Backticks that nothing closes are text.
    let open = format!("```\n{}", line.repeat(50));
    assert_eq!(lengths(&open).len(), 2);
    assert!(!split(&open).parts[0].ends_with("```"));
}

#[test]
fn what_has_no_room_in_20_parts_is_cut() {
    let word = "w".repeat(1_999);
    let text = format!("{word} ").repeat(100);
    let Split { parts, is_cut } = split(&text);
    assert_eq!((parts.len(), is_cut), (20, true));
    assert!(parts[19].ends_with("w…"));
    let fence = format!("```{}```", "x".repeat(100_000));
    let Split { parts, is_cut } = split(&fence);
    assert_eq!((parts.len(), is_cut), (20, true));
    assert_eq!(parts[19], format!("```{}…```", "x".repeat(3_993)));
    assert!(parts.iter().all(|part| part.chars().count() == 4_000));
    let exact = "x".repeat(80_000);
    assert_eq!((split(&exact).parts.len(), split(&exact).is_cut), (20, false));
}

/// Finds the parts in the text; returns the cuts. Between two parts of a text there is white space
/// alone, and what a cut inside a fence adds.
fn cuts(text: &str, parts: &[String], is_cut: bool) -> Vec<Range<usize>> {
    let (mut at, mut is_open, mut found) = (0, false, Vec::new());
    for (index, part) in parts.iter().enumerate() {
        let mut part = part.as_str();
        if is_open {
            part = part.strip_prefix(FENCE).unwrap();
        }
        let space = text[at..].len() - text[at..].trim_start().len();
        let next = at + space - (part.len() - part.trim_start().len());
        found.push(at..next);
        assert!(next >= at || index == 0, "white space was added");
        let is_last = is_cut && index + 1 == parts.len();
        let shown = if is_last { part.replace(ELLIPSIS, "") } else { part.to_owned() };
        is_open = !text[next..].starts_with(&shown);
        let content = if is_open { shown.strip_suffix(FENCE).unwrap() } else { &shown };
        assert!(text[next..].starts_with(content), "{content:?} at {next}");
        at = next + content.len();
    }
    if !is_cut {
        assert!(text[at..].trim().is_empty(), "the end is missing");
    }
    found.remove(0);
    found
}

fn check(text: &str) -> Result<Vec<Range<usize>>, TestCaseError> {
    let Split { parts, is_cut } = split(text);
    prop_assert!(parts.len() <= MAX_PARTS);
    for part in &parts {
        prop_assert!(part.chars().count() <= MAX_PART && !part.trim().is_empty());
    }
    Ok(if parts.is_empty() { Vec::new() } else { cuts(text, &parts, is_cut) })
}

/// A piece of a text, and whether no cut may be inside of it.
fn piece() -> impl Strategy<Value = (String, bool)> {
    let fence = |lines: Range<usize>| {
        prop::collection::vec("[a-z &;.]{0,40}(<[a-z ]{0,30}>)?[a-z &;.]{0,20}", lines)
            .prop_map(|lines| format!("```.{}.```", lines.join("\n")))
    };
    let whole = |text: &'static str| Just((text.to_owned(), true));
    prop_oneof![
        8 => "[a-zé]{1,900}".prop_map(|text| (text, false)),
        8 => "[ \n\t]{1,3}".prop_map(|text| (text, false)),
        1 => " {1,2500}".prop_map(|text| (text, false)),
        2 => "<https://[a-z/]{1,300}\\|[a-z ]{1,300}>".prop_map(|text| (text, true)),
        2 => prop_oneof![whole("&amp;"), whole("&lt;"), whole("<@U01234567>"), whole(":tada:"), whole("👩‍👩‍👧"), whole("🇩🇪")],
        1 => fence(1..20).prop_map(|text| (text, true)),
        1 => fence(60..150).prop_map(|text| (text, false)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn parts_are_the_text_and_divide_nothing(pieces in prop::collection::vec(piece(), 1..60)) {
        let text: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
        let cuts = check(&text)?;
        let mut start = 0;
        for (piece, is_whole) in &pieces {
            let inside = start..start + piece.len();
            let divides = cuts.iter().any(|cut| inside.start < cut.start && cut.end < inside.end);
            prop_assert!(!(*is_whole && divides), "{:?} is divided", piece);
            start = inside.end;
        }
    }

    #[test]
    fn any_text_is_split(text in "([<>&:`|\n ]{0,40}|[a-z\u{301}👍🏽\u{200d}]{1,40}|&amp;|```|:a:|<b c>){0,400}") {
        check(&text)?;
    }
}
