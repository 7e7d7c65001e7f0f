//! `slackline check --online`: asks the real services, and shows what came of it.

use std::io::{self, Write};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use crate::cli::process::runtime;
use crate::config::model::Config;
use crate::online::item::{Item, Outcome};
use crate::online::{self, LIMIT};

/// The most items that are named beside a remedy that they share.
const NAMED: usize = 3;

/// Asks everything. What is still waited for goes to `err`.
pub fn ask(config: &Arc<Config>, err: &mut dyn Write) -> anyhow::Result<Vec<Item>> {
    let mut written = Ok(());
    let items = runtime()?.block_on(online::ask(config, |missing, since| {
        let (names, since, most) = (missing.join(", "), since.as_secs(), LIMIT.as_secs());
        written = writeln!(err, "waiting for {names} ({since} s of at most {most} s)");
    }));
    written?;
    Ok(items)
}

/// Whether something is wrong.
pub fn has_failed(items: &[Item]) -> bool {
    items.iter().any(|item| item.result == Outcome::Failed)
}

/// Prints the items as a table, and the remedies below it.
pub fn show(items: &[Item], out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<String> = items.iter().map(named).collect();
    let widest = names.iter().map(|name| name.width()).max().unwrap_or_default().max("item".len());
    let result = items.iter().map(|item| item.result.word().len()).max().unwrap_or_default();
    let result = result.max("result".len());
    let mut text = format!("Online\n {:widest$}   {:result$}   detail\n", "item", "result");
    for (item, name) in items.iter().zip(&names) {
        let (word, style) = (item.result.word(), style(item.result));
        let (after_name, after_word) = (widest - name.width(), result - word.len());
        text.push_str(&format!(
            " {name}{:after_name$}   {style}{word}{style:#}{:after_word$}   {}\n",
            "", "", item.detail
        ));
    }
    text.push('\n');
    for (help, of) in remedies(items, &names) {
        text.push_str(&format!("{of}: {help}\n"));
    }
    // In one piece: the terminal's adapter takes a while for each.
    writeln!(out, "{text}")
}

/// Every remedy once, with the items that it is for.
fn remedies<'i>(items: &'i [Item], names: &[String]) -> Vec<(&'i str, String)> {
    let mut remedies: Vec<(&str, Vec<&str>)> = Vec::new();
    for (item, name) in items.iter().zip(names) {
        let Some(help) = item.help.as_deref() else { continue };
        match remedies.iter_mut().find(|(known, _)| *known == help) {
            Some((_, of)) => of.push(name),
            None => remedies.push((help, vec![name])),
        }
    }
    let joined = |of: Vec<&str>| match of.len().saturating_sub(NAMED) {
        0 => of.join(", "),
        more => format!("{} and {more} more", of[..NAMED].join(", ")),
    };
    remedies.into_iter().map(|(help, of)| (help, joined(of))).collect()
}

/// How many items have which result.
pub fn summary(items: &[Item]) -> String {
    let results = [Outcome::Ok, Outcome::Warning, Outcome::Failed, Outcome::Unknown];
    let counts = results.map(|result| {
        let count = items.iter().filter(|item| item.result == result).count();
        (count, result.word())
    });
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    format!("online: {}", counts.join(", "))
}

fn named(item: &Item) -> String {
    format!("{} {}", item.kind.word(), item.name)
}

fn style(result: Outcome) -> Style {
    match result {
        Outcome::Ok => AnsiColor::Green.on_default(),
        Outcome::Warning => AnsiColor::Yellow.on_default(),
        Outcome::Failed => AnsiColor::Red.on_default().bold(),
        Outcome::Unknown => AnsiColor::Cyan.on_default(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::online::item::{Finding, Kind};

    fn shown(items: &[Item]) -> String {
        let mut out = Vec::new();
        show(items, &mut anstream::StripStream::new(&mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn items_are_a_table_with_the_remedies_below() {
        let items = [
            Finding::ok("answers").about(Kind::Broker, "k:9092"),
            Finding::failed("not_in_channel", "invite it").about(Kind::Channel, "acme/#sälé"),
        ];
        let expected = "\
Online
 item                 result   detail
 broker k:9092        ok       answers
 channel acme/#sälé   failed   not_in_channel

channel acme/#sälé: invite it

";
        assert_eq!(shown(&items), expected);
        assert_eq!(summary(&items), "online: 1 ok, 1 failed");
        assert!(has_failed(&items) && !has_failed(&items[..1]));
    }

    #[test]
    fn a_remedy_is_printed_once() {
        let item = |n: usize| {
            Finding::unknown("?").with_help("send").about(Kind::Webhook, format!("w{n}"))
        };
        let items: Vec<Item> = (0..5).map(item).collect();
        let out = shown(&items);
        assert!(out.contains("\nwebhook w0, webhook w1, webhook w2 and 2 more: send\n"), "{out}");
    }
}
