//! The table of Slack's limits: the types of blocks and elements, and what each of them holds.

use super::limits::{Field, Form, Holds, MAX_ACTIONS, MAX_MARKDOWN, MAX_URL, Need, Of, Shape};

use Form::{Any, Loose, Plain};
use Holds::{Choice, List, Markup, One, Rows, Text, Url, Word};

const fn shape(name: &'static str, fields: &'static [Field]) -> Shape {
    Shape { name, fields, one_of: &[] }
}

const fn one_of(shape: Shape, one_of: &'static [&'static str]) -> Shape {
    Shape { one_of, ..shape }
}

const fn required(name: &'static str, holds: Holds) -> Field {
    Field { name, need: Need::Required, holds }
}

const fn optional(name: &'static str, holds: Holds) -> Field {
    Field { name, need: Need::Optional, holds }
}

const fn if_present(name: &'static str, holds: Holds) -> Field {
    Field { name, need: Need::IfPresent, holds }
}

/// The members of an image, which is a block and an element.
const IMAGE: &[Field] = &[
    if_present("image_url", Url),
    required("alt_text", Holds::String(2_000)),
    optional("title", Text(Plain, 2_000)),
];

const ICON: Holds = One(Of::Element);

/// Every block type of 2026.
pub static BLOCKS: &[Shape] = &[
    shape("actions", &[required("elements", List(MAX_ACTIONS, Of::Element))]),
    shape(
        "alert",
        &[
            required("text", Text(Any, 200)),
            optional("level", Choice(&["default", "info", "warning", "error", "success"])),
        ],
    ),
    one_of(
        shape(
            "card",
            &[
                optional("title", Text(Loose, 150)),
                optional("subtitle", Text(Loose, 150)),
                optional("body", Text(Loose, 200)),
                optional("actions", List(3, Of::Element)),
                optional("hero_image", ICON),
                optional("icon", ICON),
            ],
        ),
        &["hero_image", "title", "actions", "body"],
    ),
    shape("carousel", &[required("elements", List(10, Of::Only("card")))]),
    one_of(
        shape(
            "container",
            &[
                optional("title", Text(Loose, 150)),
                optional("subtitle", Text(Loose, 150)),
                optional("icon", ICON),
                required("child_blocks", List(10, Of::Block)),
            ],
        ),
        &["title", "rich_text_title"],
    ),
    shape("context", &[required("elements", List(10, Of::Context))]),
    shape("context_actions", &[required("elements", List(5, Of::Element))]),
    shape(
        "data_table",
        &[required("caption", Holds::String(2_000)), required("rows", Rows(2, 101))],
    ),
    shape("data_visualization", &[required("title", Text(Loose, 50))]),
    shape("divider", &[]),
    shape("file", &[]),
    shape("header", &[required("text", Text(Plain, 150))]),
    one_of(shape("image", IMAGE), &["image_url", "slack_file"]),
    shape("input", &[required("label", Text(Plain, 2_000))]),
    shape("markdown", &[required("text", Markup(MAX_MARKDOWN))]),
    shape("plan", &[]),
    shape("rich_text", &[required("elements", List(usize::MAX, Of::Element))]),
    one_of(
        shape(
            "section",
            &[
                optional("text", Text(Any, 3_000)),
                optional("fields", List(10, Of::Text(2_000))),
                optional("accessory", One(Of::Element)),
            ],
        ),
        &["text", "fields"],
    ),
    shape("table", &[required("rows", Rows(1, 100))]),
    shape("task_card", &[]),
    shape(
        "video",
        &[
            required("alt_text", Holds::String(2_000)),
            required("title", Text(Plain, 200)),
            required("video_url", Url),
            required("thumbnail_url", Url),
        ],
    ),
];

const PARTS: &[Field] = &[required("elements", List(usize::MAX, Of::Element))];

/// The elements with limits. Those that need a server (menus, pickers) are kept unchanged.
pub static ELEMENTS: &[Shape] = &[
    shape(
        "button",
        &[
            required("text", Text(Plain, 75)),
            if_present("url", Url),
            optional("value", Word(2_000)),
            optional("style", Choice(&["primary", "danger"])),
            optional("accessibility_label", Holds::String(75)),
        ],
    ),
    one_of(shape("image", IMAGE), &["image_url", "slack_file"]),
    shape("rich_text_section", PARTS),
    shape("rich_text_list", PARTS),
    shape("rich_text_quote", PARTS),
    shape("rich_text_preformatted", PARTS),
    shape("text", &[required("text", Word(usize::MAX))]),
    shape("link", &[required("url", Word(MAX_URL))]),
];

/// Returns the type of block with this name.
#[must_use]
pub fn block(name: &str) -> Option<&'static Shape> {
    BLOCKS.iter().find(|shape| shape.name == name)
}

/// Returns the type of element with this name; `None`: it has no limits here.
#[must_use]
pub fn element(name: &str) -> Option<&'static Shape> {
    ELEMENTS.iter().find(|shape| shape.name == name)
}
