//! `preview --output json`: one JSON object a line. It is a public interface.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::printer::{Decisions, Printer};
use crate::cli::events::Found;
use crate::config::model::{ActionIndex, Config};
use crate::route::explain::Explained;

/// Prints decisions for programs.
pub(super) struct Json {
    config: Arc<Config>,
}

#[derive(Serialize)]
struct Line<'a> {
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Vec<Action<'a>>>,
}

#[derive(Serialize)]
struct Action<'a> {
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<&'a str>,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
    /// Variables that failed. Left out when empty: the message is posted in any case.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    errors: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl Json {
    pub(super) fn new(config: &Arc<Config>) -> Self {
        Self { config: Arc::clone(config) }
    }

    fn action<'a>(
        &'a self,
        index: ActionIndex,
        explained: &'a Explained,
    ) -> io::Result<Action<'a>> {
        let action = &self.config.actions[index.0 as usize];
        let empty = Action {
            action: &action.name,
            webhook: None,
            result: "",
            payload: None,
            errors: &[],
            reason: None,
        };
        Ok(match explained {
            Explained::Post { message, errors } => Action {
                webhook: Some(&self.config.webhooks[action.webhook.0 as usize].name),
                result: "post",
                payload: Some(serde_json::from_slice(&message.payload)?),
                errors,
                ..empty
            },
            Explained::NoMatch { reason } => {
                Action { result: "no_match", reason: Some(reason), ..empty }
            }
            Explained::Drop { reason } => Action { result: "drop", reason: Some(reason), ..empty },
            Explained::Error { reason } => {
                Action { result: "error", reason: Some(reason), ..empty }
            }
        })
    }
}

impl Printer for Json {
    fn event(
        &mut self,
        source: &str,
        _event: &Found,
        decisions: &Decisions,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let line = match decisions {
            Err(invalid) => Line { source, invalid: Some(invalid.as_str()), actions: None },
            Ok(explained) => {
                let actions =
                    explained.iter().map(|(index, explained)| self.action(*index, explained));
                Line { source, invalid: None, actions: Some(actions.collect::<io::Result<_>>()?) }
            }
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")
    }

    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
