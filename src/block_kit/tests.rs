#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::fit::fit;
use super::limits::MAX_TOTAL;
use super::shapes::block;
use super::text::size;
use super::validate::{self, Problem};
use super::{Cuts, characters, cut::cut, show, type_of};

mod fitted;

mod hostile;

mod refused;
