#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn helps(text: &str) -> Vec<String> {
    marks(&Template::compile(text).unwrap()).into_iter().map(|mark| mark.help).collect()
}

#[test]
fn each_mark_has_its_remedy() {
    for (text, help) in [
        ("@here @oncall", "write `<!here>`"),
        ("Alarm (@channel)", "write `<!channel>`"),
        ("@everyone, {{x}}", "write `<!everyone>`"),
        ("@here. Now", "write `<!here>`"),
        ("<@here>", "write `<!here>`"),
        ("<@bob>", "write the ID that the member's profile shows: `<@U012AB3CD>`"),
        ("<@S012AB3CD>", "a group is written `<!subteam^S012AB3CD>`"),
        ("<#incidents>", "write the ID that the channel's details show: `<#C012AB3CD>`"),
        ("<!oncall> x", "write `<!here>`, `<!channel>`, `<!everyone>`, `<!subteam^ID>` or `<@ID>`"),
        ("**Paid**", "write `*Paid*`"),
        ("x: **{{a}} b**!", "write `*{{a}} b*`"),
        ("***Paid***", "write `*_Paid_*`"),
        ("__Paid by {{a}}__", "write `*Paid by {{a}}*`"),
        ("~~old~~ new", "write `~old~`"),
        ("[open](https://shop.example/{{id}})", "write `<https://…|open>`"),
        ("[{{name}}]({{page_url}})", "write `<{{page_url}}|{{name}}>`"),
        ("a\n## {{title}}", "write a line in bold: `*{{title}}*`"),
        ("# Order paid", "write a line in bold: `*Order paid*`"),
        ("<b>Paid", "write `*bold*`"),
        ("a<br/>b", "write a line break"),
        ("<a href=\"https://x.example\">x", "write `<https://…|text>`"),
        ("a&nbsp;b", "write the character itself"),
        ("it&#39;s", "write the character itself"),
        ("```json\n{{a}}\n```", "remove the language after the three backticks"),
    ] {
        assert_eq!(helps(text), [help], "{text}");
    }
}

#[test]
fn what_slack_reads_or_means_nothing_is_no_mark() {
    for text in [
        "<!here> <!channel|channel> <!subteam^S012|@team> <!date^{{t}}^{date}|soon>",
        "<@U012AB3CD> <@{{id}}> <@W1|bob> <#C012AB3CD|sales> <#{{id}}>",
        "a@here.com, {{user}}@channel.example, @hereford, @here-ish, https://x.example/@channel",
        "<https://x.example/@here?a=1&copy;=2|open **x**> <{{url}}|{{name}}> <mailto:a@b.c|mail>",
        "2 ** 3 ** 4, a**b**c, **, ****, src/**/x/**, **/*.rs and **/*.md",
        "__init__ and __main__.py, snake__case__name, ______",
        "~~ about ~~, ~{{a}}~, *{{a}}*, _{{a}}_, *_{{a}}_*",
        "[URGENT] (see below), [1](note), [{{a}}] ({{b}}), [{{plan}}]({{count}}), list[0](x)",
        "# of orders: {{n}}\n# {{id}} paid\n# 42\n#sales\n  a # b",
        "`@here **x** <b>` and ```\n# Heading\n[a](https://b)\n```",
        "a < b > c, x<3, List<b>, Vec<String>, <3, <- back, 5 <= 6, {{a}} <{{b}}>",
        "&amp; &lt; R&D; a && b; Q&A",
        "> quote\n- item\n* item\n1. item",
        "{{ '@here **x**' }}",
    ] {
        assert_eq!(helps(text), Vec::<String>::new(), "{text}");
    }
}
