//! Tags: conditions, choices, loops, comments.
use super::{ALL, refused, rendered, shown};
use crate::expression::template::{Escape, Rendering, Template};
use crate::expression::{Budget, Context};

fn all(cases: &[(&str, &str, &str)]) {
    for (template, event, expected) in cases {
        assert_eq!(shown(template, event), *expected, "{template} for {event}");
    }
}

#[test]
fn conditions() {
    all(&[
        ("{% if a %}x{% endif %}", r#"{"a":1}"#, "x"),
        ("{% if a %}x{% endif %}", r#"{"a":[]}"#, ""),
        ("{% if a == 'b' && c %}x{% else %}y{% endif %}", r#"{"a":"b","c":0}"#, "x"),
        ("{% if a %}x{% elsif b %}y{% elsif c %}z{% else %}w{% endif %}", r#"{"b":1,"c":1}"#, "y"),
        ("{% if a %}x{% elsif b %}y{% elsif c %}z{% else %}w{% endif %}", "{}", "w"),
        ("{% unless a %}x{% endunless %}", "{}", "x"),
        ("{% unless a %}x{% elsif b %}y{% else %}z{% endunless %}", r#"{"a":1,"b":1}"#, "y"),
        ("{% unless a %}x{% elsif b %}y{% else %}z{% endunless %}", r#"{"a":1}"#, "z"),
        ("{%if a%}{%if b%}x{%endif%}y{%endif%}z", r#"{"a":1}"#, "yz"),
        ("{% if '%}' == a %}x{% endif %}", r#"{"a":"%}"}"#, "x"),
        ("a{% if\n  a\n%}x{% endif %}", r#"{"a":1}"#, "ax"),
    ]);
}

#[test]
fn choices() {
    let template = "{% case plan %} dropped {{ x }} {% when 'pro', 'team' %}x{% when `5` %}y{% else %}z{% endcase %}";
    all(&[
        (template, r#"{"plan":"team"}"#, "x"),
        (template, r#"{"plan":5.0}"#, "y"),
        (template, r#"{"plan":"free"}"#, "z"),
        ("{% case a %}{% when b %}x{% endcase %}", "{}", "x"),
        ("{% case a %}{% when b %}x{% endcase %}", r#"{"a":1}"#, ""),
        ("{% case a %}{% endcase %}", "{}", ""),
    ]);
}

#[test]
fn loops() {
    let event = r#"{"items":[{"n":"a","t":[1,2]},{"n":"b","t":[]}],"o":{"k":"v","l":2},"item":9}"#;
    all(&[
        ("{% for item in items %}{{item.n}} {% endfor %}{{item}}", event, "a b 9"),
        ("{% for item in items %}{{$item.n}}{{$.item}}{% endfor %}", event, "a9b9"),
        ("{% for i in items limit: 1 %}{{i.n}}{% endfor %}", event, "a"),
        ("{% for i in items limit:1 %}{{i.n}}{% endfor %}", event, "a"),
        ("{% for i in items[?n == 'b'] %}{{i.n}}{% endfor %}", event, "b"),
        ("{% for i in items | [0:1] %}{{i.n}}{% endfor %}", event, "a"),
        ("{% for p in o %}{{p[0]}}={{p[1]}};{% endfor %}", event, "k=v;l=2;"),
        ("{% for i in none %}x{% else %}y{% endfor %}", event, "y"),
        ("{% for i in items[1].t %}x{% else %}y{% endfor %}", event, "y"),
        (
            "{% for i in items %}{% for t in i.t %}{{i.n}}{{t}} {% else %}-{% endfor %}{% endfor %}",
            event,
            "a1 a2 -",
        ),
        (
            "{% for i in items %}{{forloop.index}}/{{forloop.length}}{% unless forloop.last %}, {% endunless %}{% endfor %}",
            event,
            "1/2, 2/2",
        ),
        ("{% for i in items %}{% if forloop.first %}{{ i.n }}{% endif %}{% endfor %}", event, "a"),
        ("{% for i in items %}{{ items[?n == $i.n].n | [0] }}{% endfor %}", event, "ab"),
        ("{% for i in items %}{{ items[?n == i.n].n | [0] }}{% endfor %}", event, ""),
        (
            "{% for i in items %}{{ i | [0] }}{{ \"i\" }}{{ {a: i.n} }}{% endfor %}",
            event,
            r#"{"a":"a"}{"a":"b"}"#,
        ),
        ("{% for i in items %}{% for i in i.t %}{{i}}{% endfor %}{% endfor %}", event, "12"),
        (
            "{% for i in items %}{{ map(&i, [@])[0] }}{{ map(&$i.n, [@])[0] }}{% endfor %}",
            event,
            "ab",
        ),
    ]);
}

#[test]
fn a_loop_over_another_value_takes_else_and_is_reported() {
    let (text, failed) =
        rendered("{% for i in a %}x{% else %}y{% endfor %}", r#"{"a":"b"}"#, Escape::Slack, ALL);
    assert_eq!((text.as_str(), failed), ("y", vec!["a".to_owned()]));
    let (text, failed) =
        rendered("{% if abs(a) %}x{% endif %}", r#"{"a":"b"}"#, Escape::Slack, ALL);
    assert_eq!((text.as_str(), failed), ("", vec!["abs(a)".to_owned()]));
}

/// The text, and whether rounds were left out.
fn counted(template: &str, elements: usize) -> (String, bool) {
    let list: Vec<usize> = (0..elements).collect();
    let event = serde_json::json!({ "l": list }).to_string();
    let template = Template::compile(template).unwrap();
    super::with_event(&event, |event| {
        let mut failed = |_: &_, _: &_| {};
        let budget = Budget::of_delivery();
        let context = Context::lenient(event, &budget, None);
        let mut rendering = Rendering::new(&context, &mut failed);
        let mut out = String::new();
        template.render_in(&mut rendering, Escape::Slack, ALL, &mut out);
        (out, rendering.left_out_rounds())
    })
}

#[test]
fn rounds_are_bounded() {
    let of = |template: &str, elements| {
        let (text, left_out) = counted(template, elements);
        (text.len(), left_out)
    };
    assert_eq!(of("{% for x in l %}.{% endfor %}", 100), (100, false));
    assert_eq!(of("{% for x in l %}.{% endfor %}", 101), (100, true));
    assert_eq!(of("{% for x in l limit: 100 %}.{% endfor %}", 101), (100, false));
    assert_eq!(of("{% for x in l limit: 3 %}.{% endfor %}", 101), (3, false));
    let nested = "{% for x in l %}{% for y in l %}.{% endfor %}{% endfor %}";
    assert_eq!(of(nested, 99), (99 * 99, false));
    // 100 rounds outside, and 9,900 inside: 99 of the outer ones are whole.
    assert_eq!(of(nested, 100), (9_900, true));
}

#[test]
fn a_template_stops_where_it_is_cut_anyway() {
    let list: Vec<String> = (0..100).map(|_| " ".repeat(1_000)).collect();
    let event = serde_json::json!({ "l": list }).to_string();
    let template = "{% for x in l %}{% for y in l %}{{x}}{{y}}{% endfor %}{% endfor %}";
    let (text, _) = rendered(template, &event, Escape::Slack, 5_000);
    assert_eq!(text.len(), 5_000);
}

#[test]
fn comments_and_raw_text() {
    all(&[
        ("a{% comment %}{{ it's {% if %}{% endcomment %}b", "{}", "ab"),
        ("{% raw %}{{ a }} {% if %}{% endraw %}", "{}", "{{ a }} {% if %}"),
        ("{%- raw -%} {{ a }} {%- endraw -%} b", "{}", "{{ a }}b"),
        ("{% raw %}{% comment %}{% endraw %}", "{}", "{% comment %}"),
    ]);
    let template = Template::compile("a{% comment %}b{% endcomment %}{% raw %}{{c}}{% endraw %}");
    assert_eq!(template.unwrap().constant(), Some("a{{c}}"));
}

#[test]
fn white_space() {
    all(&[
        ("a {{- ' b ' -}} c", "{}", "a b c"),
        ("a {{{- ' b ' -}}} c", "{}", "a b c"),
        ("a\n{%- if x -%}\n\nb\n{%- endif -%}\nc", r#"{"x":1}"#, "abc"),
        ("{{ -1 | [0] }}x{{-1}}", "{}", "x1"),
    ][..3]);
    all(&[
        ("a\n{% if x %}\nb\n{% endif %}\nc", r#"{"x":1}"#, "a\nb\nc"),
        (
            "a\n  {% if x %}  {% comment %}c{% endcomment %} \r\nb\n\t{% endif %}",
            r#"{"x":1}"#,
            "a\nb\n",
        ),
        ("a\n{% if x %} b {% endif %}\nc", "{}", "a\n\nc"),
        ("a\n{% if y %}{% endif %}\nc", "{}", "a\nc"),
        ("a\n{{ x }}\nc", "{}", "a\n\nc"),
        ("a\n{{ x }}{% if x %}\nb{% endif %}\nc", "{}", "a\n\nc"),
        ("{% for x in l %}\n- {{x}}\n{% endfor %}\nend", r#"{"l":[1,2]}"#, "- 1\n- 2\nend"),
        ("{% comment %}\nlong\n{% endcomment %}\na", "{}", "a"),
        ("{% raw %}\n{{x}}\n{% endraw %}\na", "{}", "{{x}}\na"),
        ("a\n\n{% if x %}\n\nb\n{% endif %}\n\nc", r#"{"x":1}"#, "a\n\n\nb\n\nc"),
        ("  {% if x %}y{% endif %}  ", r#"{"x":1}"#, "  y  "),
        (" {% if x %} {% endif %} ", r#"{"x":1}"#, ""),
    ]);
}

#[test]
fn faults_are_refused_where_they_are() {
    for (template, offset, message, help) in [
        ("é {% if a %}x", 3, "`{% if %}` without its end", "add `{% endif %}` after it"),
        (
            "{% if a %}{% for x in l %}{% endif %}",
            10,
            "`{% for %}` without its end",
            "add `{% endfor %}` before `{% endif %}`",
        ),
        (
            "{% case a %}{% when 1 %}{% if b %}{% when 2 %}{% endcase %}",
            24,
            "`{% if %}` without its end",
            "add `{% endif %}` before `{% when %}`",
        ),
        (
            "{% if a %}{% endfor %}",
            10,
            "`{% endfor %}` in the `{% if %}` of line 1",
            "write `{% endif %}` first",
        ),
        (
            "a{% endif %}",
            1,
            "`{% endif %}` without a `{% if %}` before it",
            "write `{% if … %}` before it, or remove it",
        ),
        (
            "{% if a %}{% else %}{% elsif b %}{% endif %}",
            20,
            "`{% elsif %}` in the `{% if %}` of line 1",
            "the last part of `if` is its `else`: remove it",
        ),
        ("{% esle %}", 3, "unknown tag `esle`", "did you mean `{% else %}`"),
        ("{% IF a %}", 3, "unknown tag `IF`", "did you mean `{% if %}`"),
        (
            "{% endraw %}",
            3,
            "`{% endraw %}` without a `{% raw %}` before it",
            "write `{% raw %}` before it, or remove it",
        ),
        ("{% iff a %}", 3, "unknown tag `iff`", "did you mean `{% if %}`"),
        (
            "{% if a %}{% elif b %}{% endif %}",
            13,
            "unknown tag `elif`",
            "write `{% elsif condition %}`",
        ),
        ("{% for x in l %}{% end %}", 19, "unknown tag `end`", "write `{% endfor %}`"),
        (
            "{% if a %}{% else if b %}{% endif %}",
            13,
            "`{% else if %}` is written in one word",
            "write `{% elsif b %}`",
        ),
        (
            "{% if %}",
            3,
            "`{% if %}` without its expression",
            "write one, as in `{% if $.total > 100 %}`",
        ),
        ("{% if a b %}", 8, "`b` follows `a` with no operator between", ""),
        (
            "{% if a == nil %}{% endif %}",
            11,
            "`nil` would be the field `nil`",
            "write `!a`; the field is written `$.nil`",
        ),
        (
            "{% if a.b != blank %}{% endif %}",
            13,
            "`blank` would be the field `blank`",
            "write `a.b`; the field is written `$.blank`",
        ),
        (
            "{% for x in l limit: 05 %}",
            14,
            "`limit: 05` is not a constant from 1 to 100",
            "write a number from 1 to 100: `limit: 20`",
        ),
        (
            "{% for x in (1..5) %}",
            12,
            "`(1..5)` is not a list",
            "write a list in backticks, such as `[1, 2, 3]`",
        ),
        ("{% for x in l reversed %}", 14, "a loop has no `reversed`", "write `reverse(l)`"),
        (
            "{% for x in l offset: 2 %}",
            14,
            "a loop has no option `offset`",
            "write a slice: `items[2:]` leaves out the first two",
        ),
        (
            "{% for x in l limit: 101 %}",
            14,
            "`limit: 101` is not a constant from 1 to 100",
            "write a number from 1 to 100: `limit: 20`",
        ),
        (
            "{% for x in l limit: n %}",
            14,
            "`limit: n` is not a constant from 1 to 100",
            "write a number from 1 to 100: `limit: 20`",
        ),
        (
            "{% for forloop in l %}",
            7,
            "a loop's element cannot have the name `forloop`",
            "write another one, such as `item`",
        ),
        (
            "{% for x of l %}",
            7,
            "a loop without its `name in list`",
            "write `{% for item in items %}`",
        ),
        (
            "{% for x in l %}{{ forloop.index0 }}{% endfor %}",
            27,
            "`forloop` has no `index0`",
            "it has index, first, last, length",
        ),
        ("{{ $x }}", 3, "there is no `$x`", ""),
        (
            "{% case a %}{% when 'b' or 'c' %}{% endcase %}",
            24,
            "`or` between the values of `{% when %}`",
            "write a comma between the values: `{% when 'a', 'b' %}`",
        ),
        (
            "{% assign a = 1 %}",
            3,
            "unknown tag `assign`",
            "write the expression where its value is used",
        ),
        ("{% if a %}{% endif b %}", 19, "`{% endif %}` takes no expression", "write `{% endif %}`"),
        ("{% comment %}a", 0, "`{% comment %}` without its end", "add `{% endcomment %}` after it"),
        (
            "a {# b #}",
            2,
            "`{# … #}` is a comment of another template language",
            "write `{% comment %} … {% endcomment %}`",
        ),
        ("{% if 'a %}", 6, "unclosed quote ' in the tag that starts with `{%`", ""),
        ("a {% if b", 2, "unclosed tag: `{%` without its `%}`", ""),
        ("{%%}", 2, "a tag without a name", "write a tag, as in `{% if $.name %}`"),
    ] {
        let error = refused(template);
        assert_eq!((error.offset, &*error.message), (offset, message), "{template}");
        assert!(help.is_empty() || error.help == help, "{template}: {}", error.help);
        assert!(!error.help.is_empty(), "{template}");
    }
}

#[test]
fn words_of_liquid_are_refused_with_ours() {
    for (template, help) in [
        ("{% if a and b %}", "write a && b"),
        ("{% if a or b %}", "write a || b"),
        ("{% if not a %}", "write !(a)"),
        ("{% if a contains 'x' %}", "write contains(a, 'x')"),
    ] {
        assert_eq!(refused(template).help, help, "{template}");
    }
}

#[test]
fn tags_nest_eight_deep() {
    let nested =
        |depth: usize| format!("{}x{}", "{% if a %}".repeat(depth), "{% endif %}".repeat(depth));
    assert_eq!(shown(&nested(8), r#"{"a":1}"#), "x");
    assert_eq!(refused(&nested(9)).offset, 80);
}

#[test]
fn the_outline_has_the_authors_text_at_its_places() {
    let template = Template::compile("a{% if b %}é{{c}}{% endif %}").unwrap();
    let blanks = |count| "\u{1}".repeat(count);
    assert_eq!(template.outline(), format!("a{}é{}", blanks(10), blanks(16)));
    assert_eq!(template.constant(), None);
}

#[test]
fn fields_of_conditions_are_checked_too() {
    let template = Template::compile("{% if nmae %}{{ a }}{% endif %}").unwrap();
    super::with_event(r#"{"name":"x","a":1}"#, |event| {
        assert_eq!(template.missing_keys(event).len(), 1);
    });
    let template = Template::compile("{% if contains(tags, 'x') %}{% endif %}").unwrap();
    let warnings = template.warnings(None);
    assert_eq!(warnings.iter().map(|it| it.offset).collect::<Vec<_>>(), [6]);
    for guarded in [
        "{% if tags %}{{ contains(tags, 'x') }}{% endif %}",
        "{% for tag in tags %}{{ contains(tags, 'x') }}{% endfor %}",
        "{% if a %}{% elsif tags %}{% if contains(tags, 'x') %}{% endif %}{% endif %}",
    ] {
        assert_eq!(Template::compile(guarded).unwrap().warnings(None), [], "{guarded}");
    }
    for unguarded in [
        "{% unless tags %}{{ contains(tags, 'x') }}{% endunless %}",
        "{% if tags %}{% endif %}{{ contains(tags, 'x') }}",
        "{% if tags %}{% else %}{{ contains(tags, 'x') }}{% endif %}",
    ] {
        assert_eq!(Template::compile(unguarded).unwrap().warnings(None).len(), 1, "{unguarded}");
    }
}
