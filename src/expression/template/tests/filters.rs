//! Filters: `value | name: argument`.
use super::{refused, shown};
use crate::expression::template::Template;

#[test]
fn a_filter_is_a_function_of_the_piped_value() {
    let event = r#"{"l":[3,1],"t":"ab","p":{"t":"x"},"items":[{"n":1},{"n":2}]}"#;
    for (template, expected) in [
        ("{{ l | sort }}", "[1,3]"),
        ("{{ l | sort | reverse }}", "[3,1]"),
        ("{{ l | sort | [0] }}", "1"),
        ("{{ l | [0:1] | length }}", "1"),
        ("{{ t | contains: 'a' }}", "true"),
        ("{{t|contains:t}}", "true"),
        ("{{ p | contains(t, 'x') }}", "true"),
        ("{{ p.t || t | starts_with: $.t }}", "false"),
        ("{{ ['a', 'b'] | join: ', ' }}", "a, b"),
        ("{{ ['a', '|'] | join: '|' | length }}", "3"),
        ("{{ items | map: &n }}", "[1,2]"),
        ("{{ items | sort_by: &n | [1].n }}", "2"),
        ("{{{ t | reverse }}}", "ba"),
        ("{{- t | reverse -}}", "ba"),
        ("{% for i in items %}{{ i.n | to_string }}{% endfor %}", "12"),
        ("{{ 'x' | starts_with: t || 'x' }}", "false"),
    ] {
        assert_eq!(shown(template, event), expected, "{template}");
    }
}

#[test]
fn what_only_resembles_filters_is_jmespath() {
    for template in [
        "{{ items | [0] }}",
        "{{ items | length(@) }}",
        "{{ items | \"a\" }}",
        "{{ items | @ }}",
        "{{ items | *.a }}",
        "{{ items | a.b }}",
        "{{ items | {a: b} }}",
        "{{ items[?a || b] }}",
        "{{ (a | b) }}",
        "{{ items[?a | b] }}",
        "{{ a || b }}",
        "{{ '| x' }}",
        "{{ `\"| x\"` }}",
    ] {
        Template::compile(template).unwrap_or_else(|error| panic!("{template}: {error}"));
    }
}

#[test]
fn faults_of_filters() {
    for (template, offset, message, help) in [
        (
            "é {{ a | upcase }}",
            10,
            "unknown filter `upcase`",
            "write `upper`; a field is written `a.upcase`",
        ),
        (
            "{{ a | lenght }}",
            7,
            "unknown filter `lenght`",
            "did you mean `length`; a field is written `a.lenght`",
        ),
        (
            "{{ a | xyzzyx }}",
            7,
            "unknown filter `xyzzyx`",
            "remove it; a field is written `a.xyzzyx`",
        ),
        ("{{ a | b | xyzzyx }}", 7, "unknown filter `b`", ""),
        (
            "{{ a | contains('x') }}",
            7,
            "`contains(…)` after a pipe is not a filter",
            "write `contains: 'x'`",
        ),
        ("{{ a | length() }}", 7, "`length(…)` after a pipe is not a filter", "write `length`"),
        (
            "{{ a | contains 'x' }}",
            15,
            "the filter `contains` without a colon before its argument",
            "write `contains: 'x'`",
        ),
        (
            "{{ a | contains: value: 'x' }}",
            17,
            "a filter has no named arguments such as `value:`",
            "write only the value: `'x'`",
        ),
        ("{{ a | contains: \"x\" }}", 17, "`\"x\"` is a field, not a text", "write 'x'"),
        ("{{ a | contains: }}", 16, "empty argument of a filter", "remove the comma or the colon"),
        (
            "{{ a | contains: 'x', }}",
            21,
            "empty argument of a filter",
            "remove the comma or the colon",
        ),
        (
            "{{ | length }}",
            3,
            "a filter without a value",
            "write a value before the pipe, as in `name | upper`",
        ),
        ("{{ a, b | contains }}", 4, "unexpected `,`", ""),
        ("{{ a | contains }}", 7, "`contains` takes 2 arguments, not 1", ""),
        ("{{ é | length }}", 3, "unexpected `é`", ""),
        ("{{ a | contains: é }}", 17, "unexpected `é`", ""),
        ("{{ a | contains: b) || c(d }}", 18, "`)` closes nothing", ""),
    ] {
        let error = refused(template);
        assert_eq!((error.offset, &*error.message), (offset, message), "{template}");
        assert!(help.is_empty() || error.help == help, "{template}: {}", error.help);
    }
    let many = format!("{{{{ a{} }}}}", " | to_string".repeat(31));
    assert!(refused(&many).message.contains("more than 30 filters"));
    let deep = format!("{{{{ a{} }}}}", " | to_string".repeat(30));
    Template::compile(&deep).unwrap();
}

#[test]
fn a_filters_name_in_brackets_or_tags_gets_a_warning() {
    for (template, offset, help) in [
        ("{{ (a | length) }}", Some(8), "write `length(a)`"),
        ("{{ [a.b | length] }}", Some(10), "write `length(a.b)`"),
        ("{% if a | length %}{% endif %}", Some(10), "write `length(a)`"),
        ("{% if $ | keys %}{% endif %}", Some(10), "write `keys($)`"),
        ("{% if {length: a} | length %}{% endif %}", Some(20), "write `length("),
        ("{{ a | length }}", None, ""),
        ("{% if a | length(@) %}{% endif %}", None, ""),
        ("{% if a | b %}{% endif %}", None, ""),
        ("{% if a | length.b %}{% endif %}", None, ""),
    ] {
        let warnings = Template::compile(template).unwrap().warnings(None);
        let found = warnings.iter().find(|it| it.message.contains("is the field"));
        assert_eq!(found.map(|it| it.offset), offset, "{template}");
        assert!(found.is_none_or(|it| it.help.starts_with(help)), "{template}: {found:?}");
    }
}

#[test]
fn markup_is_only_the_value_of_a_variable() {
    let event = r#"{"u":"https://x.test/","l":["https://x.test/"]}"#;
    let (markup, plain) = ("<https://x.test/|a>", "a");
    for template in [
        "{{ u | link: 'a' }}",
        "{{ link(u, 'a') || 'x' }}",
        "{{ u && (link(u, 'a')) }}",
        "{{ u | link: 'a' | default: 'x' }}",
        "{{ if(u, link(u, 'a'), 'x') }}",
        "{{{ u | link: 'a' | escape }}}",
    ] {
        assert_eq!(shown(template, event), markup, "{template}");
    }
    for template in [
        "{{ to_string(link(u, 'a')) }}",
        "{{ not_null(none, link(u, 'a')) }}",
        "{{ replace(link(u, 'a'), '', 'b') }}",
        "{{ max([link(u, 'a')]) }}",
        "{{ [link(u, 'a')] | first }}",
        "{{ [link(u, 'a')][0] }}",
        "{{ {k: link(u, 'a')}.k }}",
        "{{ l[*].link(@, 'a') | [0] }}",
        "{% for x in [link(u, 'a')] %}{{ x }}{% endfor %}",
    ] {
        assert_eq!(shown(template, event), plain, "{template}");
    }
}
