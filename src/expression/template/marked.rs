//! Links, mentions, channels and dates as the final value of a variable, and elsewhere.
#![allow(clippy::unwrap_used, reason = "tests")]
use super::Escape;
use super::tests::{rendered, shown};

const EVENT: &str = r#"{"url": "https://x.test/?a=1&b=2", "text": "<!here> & @here | `b`\nc", "user": "U012AB", "nil": null, "channel": "C012AB", "time": 1795867200}"#;

#[test]
fn markup_is_inserted_as_the_final_value() {
    let link = "<https://x.test/?a=1&amp;b=2|Open>";
    for (template, expected) in [
        ("{{ link(url, 'Open') }}", link),
        ("{{{ link(url, 'Open') }}}", link),
        ("> {{ link(url, 'Open') }}", &*format!("> {link}")),
        ("{{ default(nil, link(url, 'Open')) }}", link),
        ("{{ default(link(url, 'Open'), 'x') }}", link),
        ("{{ nil || link(url, 'Open') }}", link),
        ("{{ url && link(url, 'Open') }}", link),
        ("{{ if(url, link(url, 'Open'), 'x') }}", link),
        ("{{ (link(url, 'Open')) }}", link),
        ("{{ escape(link(url, 'Open')) }}", link),
        ("{{ mention(user) }} {{ channel(channel) }}", "<@U012AB> <#C012AB>"),
        (
            "{{ slack_date(time, '{date} & {time}') }}",
            "<!date^1795867200^{date} &amp; {time}|2026-11-28 12:00 UTC>",
        ),
        (
            "{{ link(url, text) }}",
            "<https://x.test/?a=1&amp;b=2|&lt;!here&gt; &amp; @\u{200b}here ¦ `b` c>",
        ),
        (
            "`{{ link(url, text) }}`",
            "`<https://x.test/?a=1&amp;b=2|&lt;!here&gt; &amp; @\u{200b}here ¦ ˋbˋ c>`",
        ),
    ] {
        assert_eq!(shown(template, EVENT), expected, "{template}");
    }
}

#[test]
fn elsewhere_it_is_escaped_text() {
    for (template, expected) in [
        ("{{ [mention(user)] }}", "[\"@U012AB\"]"),
        ("{{ {a: link(url, '<b>')} }}", "{\"a\":\"&lt;b&gt;\"}"),
        ("{{ join(' ', [link(url, '<b>'), 'c']) }}", "&lt;b&gt; c"),
        ("{{ to_string([link(url)]) }}", "[\"https://x.test/?a=1&amp;b=2\"]"),
        (
            "<https://x.test/{{ mention(user) }}|{{ link(url, '<b>') }}>",
            "<https://x.test/@U012AB|&lt;b&gt;>",
        ),
        ("{{ truncate(link(url, '<bbbbbbb>'), 4) }}", "&lt;bb…"),
        ("{{ link('javascript:x', '<b>') }}", "&lt;b&gt;"),
        ("{{ link('javascript:<b>') }}", "javascript:&lt;b&gt;"),
        ("{{ mention('<!here>') }}", "&lt;!here&gt;"),
        ("{{ channel('<!here>') }}", "&lt;!here&gt;"),
    ] {
        assert_eq!(shown(template, EVENT), expected, "{template}");
    }
    let plain = |template| rendered(template, EVENT, Escape::Nothing, usize::MAX).0;
    assert_eq!(plain("{{ link(url, '<b>') }}"), "<b>");
    assert_eq!(plain("{{ mention(user) }}{{ escape('&') }}"), "@U012AB&");
}

#[test]
fn escape_escapes_once() {
    for (template, expected) in [
        ("{{ escape(text) }}", "&lt;!here&gt; &amp; @\u{200b}here | `b`\nc"),
        ("{{ text }}", "&lt;!here&gt; &amp; @\u{200b}here | `b`\nc"),
        ("{{{ escape('<a> & b') }}}", "&lt;a&gt; &amp; b"),
        ("{{{ escape(escape('&')) }}}", "&amp;"),
        ("{{ escape(escape('&')) }}", "&amp;"),
        ("{{ escape(`[1]`) }}", "[1]"),
    ] {
        assert_eq!(shown(template, EVENT), expected, "{template}");
    }
}
