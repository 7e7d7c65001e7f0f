//! Figures, times, links and texts as readers see them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;

use super::duration::duration;
use super::{dates, figures, links, words};
use crate::event::Marked;
use crate::expression::decimal::Decimal;

fn number(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn whole(marked: &Marked) -> String {
    let (before, label, after) = marked.angle().unwrap();
    let whole = [before, label, after].concat();
    assert_eq!(whole, marked.markup());
    whole
}

#[test]
fn numbers_are_grouped() {
    for (text, places, expected) in [
        ("1234567.891", None, "1,234,567.891"),
        ("1234567", Some(2), "1,234,567.00"),
        ("999", None, "999"),
        ("-1000", None, "-1,000"),
        ("-123456.5", Some(0), "-123,457"),
        ("-0.001", Some(2), "0.00"),
        ("0.5", None, "0.5"),
    ] {
        assert_eq!(figures::grouped(&number(text), places), expected, "{text}");
    }
}

#[test]
fn money_has_its_sign_before_the_amount() {
    for (text, code, expected) in [
        ("1234.5", "EUR", "€1,234.50"),
        ("-5", "EUR", "-€5.00"),
        ("1234.5", "usd", "$1,234.50"),
        ("0.005", "GBP", "£0.01"),
        ("1234.5", "JPY", "¥1,235"),
        ("1234.5", "CHF", "CHF 1,234.50"),
        ("-1234.5", "chf", "-CHF 1,234.50"),
        ("-0.004", "EUR", "€0.00"),
    ] {
        assert_eq!(figures::money(&number(text), code), expected, "{text} {code}");
    }
    assert!(figures::is_currency("eur"));
    for code in ["", "EU", "EURO", "€", "E1R"] {
        assert!(!figures::is_currency(code), "{code}");
    }
}

#[test]
fn shares_and_sizes_have_their_unit() {
    for (text, places, expected) in
        [("0.256", 0, "26%"), ("0.256", 1, "25.6%"), ("12.5", 0, "1,250%"), ("-0.5", 2, "-50.00%")]
    {
        assert_eq!(figures::percent(&number(text), places).unwrap(), expected, "{text}");
    }
    assert!(figures::percent(&number("7.9e28"), 0).is_err());
    for (text, expected) in [
        ("0", "0 B"),
        ("999", "999 B"),
        ("1536", "1.5 kB"),
        ("2000", "2 kB"),
        ("999949", "999.9 kB"),
        ("999950", "1 MB"),
        ("-1536", "-1.5 kB"),
        ("999.6", "1 kB"),
        ("1e12", "1 TB"),
        ("7.9e28", "79,000 YB"),
    ] {
        assert_eq!(figures::bytes(&number(text)).unwrap(), expected, "{text}");
    }
}

#[test]
fn durations_have_two_units() {
    for (text, expected) in [
        ("3725", "1h 2m"),
        ("3607", "1h"),
        ("59.9", "59s"),
        ("61", "1m 1s"),
        ("90061", "1d 1h"),
        ("86400", "1d"),
        ("86460", "1d"),
        ("0.35", "350ms"),
        ("0.0004", "0ms"),
        ("-0.0004", "0ms"),
        ("0", "0ms"),
        ("-3725", "-1h 2m"),
        ("9000000000000000000", "104166666666666d 16h"),
    ] {
        assert_eq!(duration(&number(text)).unwrap(), expected, "{text}");
    }
    assert!(duration(&number("1e19")).is_err());
}

#[test]
fn dates_are_in_their_zone() {
    let time = Timestamp::from_second(1_795_867_200).unwrap();
    let show = |format: &str, zone: &str| dates::date(time, format, dates::zone(zone).unwrap());
    assert_eq!(show(dates::DATE_FORMAT, "UTC").unwrap(), "2026-11-28 12:00");
    assert_eq!(show("%d.%m.%Y %H:%M %Z", "Europe/Berlin").unwrap(), "28.11.2026 13:00 CET");
    assert_eq!(show("%A, %-d %B", "America/New_York").unwrap(), "Saturday, 28 November");
    assert_eq!(dates::fallback(time, TimeZone::UTC).unwrap(), "2026-11-28 12:00 UTC");
    assert!(dates::zone("Europe/Berln").is_none());
    assert!(dates::zone("").is_none());
    assert!(dates::is_format("100%% %H"));
    for (format, fault) in
        [("%", "%"), ("%-d %!", "%!"), ("%ö", "%ö"), ("%Y %", "%"), ("%%%-5Ö", "%-5Ö")]
    {
        let (message, _) = dates::check_format(format).unwrap_err();
        assert_eq!(message, format!("unknown directive `{fault}` in the format of a date"));
    }
    assert_eq!(dates::check_format(dates::DATE_FORMAT), Ok(()));
}

#[test]
fn links_are_one_pair_of_angle_brackets() {
    for (url, text, markup, plain) in [
        (
            "https://x.test/?a=1&b=2",
            None,
            "<https://x.test/?a=1&amp;b=2>",
            "https://x.test/?a=1&b=2",
        ),
        (
            "https://x.test/a b|c",
            Some("A & <B>\n| C"),
            "<https://x.test/a%20b%7Cc|A &amp; &lt;B&gt; ¦ C>",
            "A & <B>\n| C",
        ),
        ("HTTP://x", Some(" "), "<HTTP://x>", "HTTP://x"),
        ("mailto:a@b.test", Some("Ann"), "<mailto:a@b.test|Ann>", "Ann"),
        ("https://x\u{a0}<>\n", Some("a\r\nb"), "<https://x%C2%A0%3C%3E%0A|a b>", "a\r\nb"),
    ] {
        let link = links::link(url, text).unwrap();
        assert_eq!((&*whole(&link), link.plain()), (markup, plain), "{url}");
    }
    for url in ["", "x.test", "javascript:alert(1)", "https://", "https:x", " https://x", "@U123"] {
        assert_eq!(links::link(url, Some("x")), None, "{url}");
    }
}

#[test]
fn mentions_and_channels_are_ids() {
    for (id, markup) in [("U012AB", "<@U012AB>"), ("W12", "<@W12>"), ("S12", "<!subteam^S12>")] {
        assert_eq!(whole(&links::mention(id, id).unwrap()), markup);
    }
    assert_eq!(whole(&links::channel("C012AB").unwrap()), "<#C012AB>");
    assert_eq!(links::channel("G012AB").unwrap().plain(), "#G012AB");
    for id in ["", "U1", "u123", "U12!", "U123>", "U1234567890123456789012", "X123", "Ü123"] {
        assert_eq!(links::mention(id, id), None, "{id}");
        assert_eq!(links::channel(id), None, "{id}");
    }
    let date = links::date(1_795_867_200, "{date} & <b>\n", "2026-11-28 12:00 UTC");
    assert_eq!(whole(&date), "<!date^1795867200^{date} &amp; &lt;b&gt; |2026-11-28 12:00 UTC>");
}

#[test]
fn texts_are_cut_between_the_characters_that_readers_see() {
    for (text, length, ellipsis, expected) in [
        ("abc", 3, "…", None),
        ("abcd", 3, "…", Some("ab…")),
        ("abcd", 3, "...", Some("...")),
        ("abcd", 2, "...", Some("..")),
        ("abcd", 3, "", Some("abc")),
        ("abcd", 0, "…", Some("")),
        ("", 0, "…", None),
        ("🇩🇪🇫🇷🇮🇹", 2, "…", Some("🇩🇪…")),
        ("e\u{301}e\u{301}e\u{301}", 2, "…", Some("e\u{301}…")),
        ("👩‍👩‍👧x", 1, "…", Some("…")),
        ("👩‍👩‍👧x", 2, "…", None),
    ] {
        assert_eq!(words::truncated(text, length, ellipsis).as_deref(), expected, "{text}");
    }
    assert_eq!(words::url_encoded("a b/ü?~-._&"), "a%20b%2F%C3%BC%3F~-._%26");
}

/// The digits of a whole number in groups, from its end.
fn model(digits: u128) -> String {
    match digits {
        0..1000 => digits.to_string(),
        _ => format!("{},{:03}", model(digits / 1000), digits % 1000),
    }
}

proptest! {
    #[test]
    fn figures_equal_those_of_whole_numbers(
        cents in 0..10_u128.pow(20), negative: bool, places in 0..5_u8,
    ) {
        let sign = if negative && cents > 0 { "-" } else { "" };
        let given = number(&format!("{sign}{cents}e-2"));
        let figure = format!("{}.{:02}", model(cents / 100), cents % 100);
        prop_assert_eq!(figures::money(&given, "EUR"), format!("{sign}€{figure}"));
        prop_assert_eq!(figures::money(&given, "SEK"), format!("{sign}SEK {figure}"));
        prop_assert_eq!(figures::percent(&given, 0).unwrap(), format!("{sign}{}%", model(cents)));
        let scale = 10_u128.pow(u32::from(places));
        // Rounded to this many places, a half away from zero.
        let rounded = (cents * scale + 50) / 100;
        let sign = if negative && rounded > 0 { "-" } else { "" };
        let fraction = match places {
            0 => String::new(),
            _ => format!(".{:0width$}", rounded % scale, width = usize::from(places)),
        };
        prop_assert_eq!(
            figures::grouped(&given, Some(places)),
            format!("{sign}{}{fraction}", model(rounded / scale))
        );
    }

    #[test]
    fn sizes_and_durations_have_a_form(number in "-?(0|[1-9][0-9]{0,28})(\\.[0-9]{1,20})?") {
        let Ok(number) = Decimal::parse(&number) else { return Ok(()) };
        prop_assert!(figures::bytes(&number).unwrap().ends_with('B'));
        if let Ok(text) = duration(&number) {
            prop_assert!(text.ends_with(['d', 'h', 'm', 's']), "{}", text);
        }
    }

    #[test]
    fn cutting_keeps_whole_characters(
        text in "[a-c\u{301}\u{200d}🇩🇪👩👧\r\n]{0,12}", length in 0..12_usize, ellipsis in "[.…]{0,3}",
    ) {
        let characters: Vec<&str> = text.graphemes(true).collect();
        match words::truncated(&text, length, &ellipsis) {
            None => prop_assert!(characters.len() <= length),
            Some(cut) => {
                prop_assert!(characters.len() > length);
                prop_assert!(cut.graphemes(true).count() <= length);
                let kept = cut.trim_end_matches(['.', '…']);
                let prefix = (0..=length).map(|count| characters[..count].concat());
                prop_assert!(prefix.into_iter().any(|prefix| prefix == kept));
            }
        }
    }

    #[test]
    fn a_link_is_one_pair_of_angle_brackets(
        scheme in "(https?://|mailto:|HTTPS://)", url in "(?s).{1,20}|[<>|& \n^@]{1,8}",
        text in prop::option::of("(?s).{0,20}|[<>|& \n\r@#!]{0,8}"),
    ) {
        let link = links::link(&format!("{scheme}{url}"), text.as_deref()).unwrap();
        let markup = whole(&link);
        let inside = markup.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap();
        prop_assert!(!inside.contains(['<', '>', '\n', '\r']), "{}", markup);
        let target = inside.split('|').next().unwrap();
        prop_assert!(!target.contains(char::is_whitespace), "{}", markup);
        prop_assert!(inside.matches('|').count() <= 1, "{}", markup);
        let entities = ["&amp;", "&lt;", "&gt;"];
        for (at, _) in inside.match_indices('&') {
            prop_assert!(entities.iter().any(|entity| inside[at..].starts_with(entity)));
        }
    }

    #[test]
    fn no_format_panics(format in "(%[-_0^#]?[0-9]{0,4}[.:]{0,3}.|.){0,6}", seconds in -377_705_023_201_i64..253_402_207_201) {
        let time = Timestamp::from_second(seconds).unwrap();
        let zone = dates::zone("Asia/Kathmandu").unwrap();
        if let Some(shown) = dates::date(time, &format, zone) {
            prop_assert!(shown.len() < 3000, "{} {}", format, shown.len());
        }
    }
}
