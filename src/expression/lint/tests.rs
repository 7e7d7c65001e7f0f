//! Forms that cannot mean what was intended, and similar ones that can.

use crate::expression::Expression;
use crate::expression::tests::refusal;

/// The warnings about a trigger, as offsets and remedies.
fn warnings(source: &str) -> Vec<(usize, String)> {
    let expression = Expression::compile_trigger(source);
    let expression = expression.unwrap_or_else(|error| panic!("{source}: {error}"));
    expression.warnings().iter().map(|it| (it.offset, it.help.clone())).collect()
}

#[test]
fn a_comparison_with_a_bare_constant_is_refused() {
    for word in ["true", "false", "null", "nil", "None", "undefined", "True", "FALSE", "NULL"] {
        for source in [
            format!("a == {word}"),
            format!("{word} != a"),
            format!("a.b < {word}"),
            format!("x && (y || !(a == {word}))"),
            format!("items[?a == {word}].b"),
            format!("contains([a == {word}], b)"),
            format!("{{a: b == {word}}}"),
            format!("a || b == ({word})"),
        ] {
            let error = refusal(&source);
            assert!(error.message.contains("not JSON's"), "{source}: {error:?}");
            assert_eq!(source.get(error.offset..).map(|rest| rest.starts_with(word)), Some(true));
            assert!(error.help.contains(&format!("\"{word}\" or @.{word}")), "{source}: {error:?}");
            assert!(error.help.starts_with("write "), "{error:?}");
        }
        for source in [word.to_owned(), format!(" ({word})")] {
            let error = Expression::compile_trigger(&source).unwrap_err();
            assert!(error.help.contains("with the backticks"), "{error:?}");
        }
    }
    assert_eq!(
        refusal("type == 'signup' && internal != true").help,
        "write type == 'signup' && internal != `true`; a field of that name is \"true\" or @.true"
    );
}

#[test]
fn a_field_of_such_a_name_is_legal() {
    for source in [
        "a == `true`",
        "a == \"true\" || b",
        "a == @.true",
        "$.a.true == $.null",
        "a.true == 'x'",
        "true.a == 'x'",
        "a[?b.false == `1`]",
        "`true`",
        "\"true\"",
        "$.true",
        "a == truth",
        "{true: a}",
    ] {
        Expression::compile_trigger(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    }
}

#[test]
fn a_pipe_after_a_condition_is_refused() {
    for (source, help) in [
        ("type == 'track' | event == 'Paid'", "write type == 'track' || event == 'Paid'"),
        ("a == 'b' | c", "write a == 'b' || c"),
        ("a && b == 'c' | d.e", "write a && b == 'c' || d.e"),
        ("!a | b", "write !a || b"),
        ("contains(a, 'x') | contains(b, 'y')", "write contains(a, 'x') || contains(b, 'y')"),
        ("a == 'b' && c == 'd' | e", "write a == 'b' && c == 'd' || e"),
        ("a == 'x' | 'y'", "alternatives are joined by `||`: a == 'x' || a == 'y'"),
    ] {
        if source.starts_with("a && b") {
            // `a && …` can be `a` itself, an object with fields.
            Expression::compile(source).unwrap();
            continue;
        }
        let error = refusal(source);
        assert_eq!(error.help, help, "{source}");
        assert_eq!(source.get(error.offset..=error.offset), Some("|"), "{source}");
    }
    for source in [
        "items | length(@) > `2`",
        "properties | plan == 'pro' && total > `5`",
        "items[?a == 'b'] | [0].c",
        "a == 'b' | [@, c]",
        "a == 'b' | !@",
        "(a || b) | c",
        "a == 'b' | type(@)",
        "a == 'b' | $.c",
    ] {
        assert_eq!(warnings(source), [], "{source}");
    }
}

#[test]
fn conditions_that_no_event_changes_get_a_warning() {
    for (source, offset, help) in [
        ("contains(flags, true)", 16, "write `true`, with"),
        ("a && !null", 6, "write `null`, with"),
        ("a || false", 5, "write `false`, with"),
        ("'type' == 'track'", 0, "a field has no quotes: type == '…'"),
        ("type == track", 8, "a text is written 'track'"),
        ("$.type == Identify && b", 10, "a text is written 'Identify'"),
        ("event == Paid", 9, "a text is written 'Paid'"),
        ("properties.currency != USD", 23, "a text is written 'USD'"),
        ("properties.opted_in == yes", 23, "a text is written 'yes'"),
        ("length(items) == '3'", 17, "a number is written 3, without quotes"),
        ("type(a) == 'list'", 11, "did you mean 'array'?"),
        ("type(a) == 'String'", 11, "did you mean 'string'?"),
        ("type(a) == 'x'", 11, "the types are array"),
        ("$record.partition == '3'", 21, "a number is written 3, without quotes"),
        ("$record.headers.attempt == `3`", 27, "a text is written '3'"),
        ("$record.topic == `5`", 17, "a text is written '5'"),
        ("'type == x'", 0, "remove the single quotes"),
        ("[a, b]", 0, "join conditions"),
        ("{a: b}", 0, "join conditions"),
        ("user.vip | trial", 9, "write user.vip || trial if"),
    ] {
        let found = warnings(source);
        assert!(
            matches!(&*found, [(at, remedy)] if *at == offset && remedy.starts_with(help)),
            "{source}: {found:?}"
        );
    }
}

#[test]
fn comparisons_that_an_event_changes_get_no_warning() {
    for source in [
        "price > limit",
        "first == last",
        "old.status != new.status",
        "properties.owner == properties.author",
        "userId == anonymousId",
        "type == kind",
        "properties.type == category",
        "OldStatus == NewStatus",
        "Status == OldStatus",
        "price > MAX",
        "before.plan != after.Plan",
        "length(items) == `3`",
        "length(items) == count",
        "to_number(a) == `null`",
        "max(scores) == 'x'",
        "type(a) == 'array'",
        "type(a) != 'null'",
        "type == 'list'",
        "$record.partition == `3`",
        "$record.headers.attempt == '3'",
        "$record.headers.env == `null`",
        "$record.key != `null`",
        "$record.timestamp > `1700000000000`",
        "`true`",
        "`false`",
        "a | [0]",
        "$.a",
    ] {
        assert_eq!(warnings(source), [], "{source}");
    }
}

#[test]
fn a_number_alone_in_brackets_is_an_index() {
    for source in ["contains([1], x)", "x == 'a' && contains(list, [2])", "join(', ', [0])"] {
        let warnings = Expression::compile(source).unwrap().warnings().to_vec();
        assert!(
            warnings.iter().any(|it| it.help.starts_with("a list of one is written")),
            "{source}: {warnings:?}"
        );
        let offset = warnings[0].offset;
        assert!(source[..=offset].ends_with(['[', '0', '1', '2']), "{source}: {offset}");
    }
    for source in ["contains([1, 2], x)", "contains(`[1]`, x)", "contains(@[1], x)", "length(x[1])"]
    {
        assert_eq!(Expression::compile(source).unwrap().warnings(), [], "{source}");
    }
}
