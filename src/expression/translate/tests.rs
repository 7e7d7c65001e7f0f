//! Remedies in the user's own names; each compiles.

use crate::expression::Expression;
use crate::expression::tests::refusal;

#[test]
fn forms_of_other_languages_get_a_remedy_that_compiles() {
    let mut wrong = Vec::new();
    for (source, remedy) in [
        // Names.
        ("properties.$current_url", r#"properties."$current_url""#),
        ("$.properties.$os == 'iOS'", r#"$.properties."$os" == 'iOS'"#),
        ("$set.email", r#"$."$set".email"#),
        ("$event == 'Paid'", r#"$."$event" == 'Paid'"#),
        ("properties['plan-type']", r#"properties."plan-type""#),
        (r#"properties["plan-type"] == 'pro'"#, r#"properties."plan-type" == 'pro'"#),
        ("properties['plan']", "properties.plan"),
        ("properties[plan]", "properties.plan"),
        ("$['type'] == 'track'", "$.type == 'track'"),
        ("properties.First Name", r#"properties."First Name""#),
        ("properties.First Name Of == 'x' && b", r#"properties."First Name Of" == 'x' && b"#),
        ("First Name == 'x'", r#""First Name" == 'x'"#),
        ("properties.'First Name'", r#"properties."First Name""#),
        ("properties.'plan'", "properties.plan"),
        ("items.0.name", "items[0].name"),
        ("items.0", "items[0]"),
        (".name", "name"),
        (".properties.name == 'x'", "properties.name == 'x'"),
        ("user-id == 'x'", r#""user-id" == 'x'"#),
        ("properties.plan-type", r#"properties."plan-type""#),
        ("größe > 5", r#""größe" > 5"#),
        ("properties.größe", r#"properties."größe""#),
        ("@timestamp", r#""@timestamp""#),
        ("user?.name", "user.name"),
        ("user?.tags?.[0]", "user.tags[0]"),
        // Operators.
        ("a = 'x'", "a == 'x'"),
        ("a === 'x' && b !== 'y'", "a == 'x' && b != 'y'"),
        ("a <> 'x'", "a != 'x'"),
        ("a => `5`", "a >= `5`"),
        ("a == 'x' and b == 'y'", "a == 'x' && b == 'y'"),
        ("a == 'x' AND b == 'y' or c", "a == 'x' && b == 'y' || c"),
        ("a == 'x' & b == 'y'", "a == 'x' && b == 'y'"),
        ("not a.b", "!(a.b)"),
        ("x and not (a == 'b')", "x && !(a == 'b')"),
        ("not contains(tags, 'x') and y", "!(contains(tags, 'x')) && y"),
        ("plan in ['pro', 'team']", "contains(['pro', 'team'], plan)"),
        ("plan in ('pro', 'team')", "contains(['pro', 'team'], plan)"),
        ("type == 'x' && plan not in ['pro']", "type == 'x' && !contains(['pro'], plan)"),
        ("'vip' in tags", "contains(tags, 'vip')"),
        ("tags contains 'vip'", "contains(tags, 'vip')"),
        ("name startswith 'A'", "starts_with(name, 'A')"),
        ("name =~ /^A/", "starts_with(name, 'A')"),
        ("name =~ 'foo'", "contains(name, 'foo')"),
        ("name !~ /foo$/", "!ends_with(name, 'foo')"),
        ("name LIKE '%foo%'", "contains(name, 'foo')"),
        ("name like 'foo%'", "starts_with(name, 'foo')"),
        ("a is null", "a == `null`"),
        ("a is not null and b", "a != `null` && b"),
        ("a eq 'x'", "a == 'x'"),
        ("name ? 'a' : 'b'", "name && 'a' || 'b'"),
        ("a || b ? 'x' : 'y'", "(a || b) && 'x' || 'y'"),
        ("a == 'x' ? 'p' : b == 'y' ? 'q' : 'r'", "a == 'x' && 'p' || b == 'y' && 'q' || 'r'"),
        ("name ?? 'x'", "name || 'x'"),
        ("name ?: 'x'", "name || 'x'"),
        // Constants.
        ("internal != true", "internal != `true`"),
        ("a == 'x' && (paid == False || b)", "a == 'x' && (paid == `false` || b)"),
        ("null == a", "`null` == a"),
        ("items[?paid == true]", "items[?paid == `true`]"),
        ("items[0] == None", "items[0] == `null`"),
        ("a < undefined", "a < `null`"),
        ("a = true", "a == `true`"),
        (r#"a = "x""#, "a == 'x'"),
        ("a == “x”", "a == 'x'"),
        // Functions.
        ("has(x)", "x"),
        ("exists(a.b) && c", "a.b && c"),
        ("startswith(a, 'b')", "starts_with(a, 'b')"),
        ("startsWith(a, 'b')", "starts_with(a, 'b')"),
        ("a.startsWith('b')", "starts_with(a, 'b')"),
        ("x && properties.tags.includes('vip')", "x && contains(properties.tags, 'vip')"),
        ("lenght(a)", "length(a)"),
        ("count(items) > 2", "length(items) > 2"),
        ("coalesce(a, 'x')", "not_null(a, 'x')"),
        ("concat(a, 'x')", "join('', [a, 'x'])"),
        ("empty(a)", "!(a)"),
        ("not(a.b)", "!(a.b)"),
        ("iif(a, 'x', 'y')", "if(a, 'x', 'y')"),
        ("name.toLowerCase()", "lower(name)"),
        ("strip(name)", "trim(name)"),
        ("name =~ /^[a-z]+$/", "matches(name, '^[a-z]+$')"),
        ("name like '%a%b'", "glob(name, '*a*b')"),
    ] {
        let help = refusal(source).help;
        let shown = help.strip_prefix("write ").unwrap_or(&help).split("; ").next().unwrap();
        if shown != remedy || Expression::compile(remedy).is_err() {
            wrong.push(format!("{source}\n  {help}\n  not {remedy}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_understood_keeps_its_help() {
    for (source, help) in [
        ("a + b", "arithmetic"),
        ("frobnicate(a)", "the functions are"),
        ("a == 'x", "add the closing"),
        ("name =~ other.pattern()", "matches(a, "),
    ] {
        let error = refusal(source);
        assert!(error.help.contains(help), "{source}: {error:?}");
    }
}

#[test]
fn a_long_expression_shows_the_part_that_changes() {
    let condition = |at: usize| format!("properties.name_{at} == 'a long value'");
    let conditions: Vec<String> = (0..8).map(condition).collect();
    let source = format!("{} && plan = 'pro' && last", conditions.join(" && "));
    assert_eq!(refusal(&source).help, "write plan == 'pro'");
}
