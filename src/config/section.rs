//! Tables of keys. Each section of the configuration is one table, and each key is declared once in
//! it, by [`section!`].
//!
//! From a table follow the struct that the stages are built from, reading with defaults and
//! bounds, the JSON Schema, `docs/configuration.md`, the secrets to mask, the configuration's
//! hash, the keys that need a restart, and the settings that `check` lists.

use serde_json::{Map, Value as Json};
use xxhash_rust::xxh3::Xxh3;

use super::reader::{Fields, Reader};
use super::tree::Node;

/// What a key's declaration can say besides its kind and documentation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits {
    /// A change needs a restart; a reload refuses it.
    pub(crate) restart: bool,
    /// The value is a secret, or a file's name in whose place a secret may be pasted: never shown.
    pub(crate) secret: bool,
    /// Replicas may differ in it: the configuration's hash leaves it out.
    pub(crate) local: bool,
    /// An example as JSON, or nothing.
    pub(crate) example: &'static str,
    /// The name that `check` lists it under, if not its own.
    pub(crate) listed_as: &'static str,
}

impl Traits {
    /// A key that a reload takes up, that is not secret and equal on all replicas.
    pub(crate) const PLAIN: Self =
        Self { restart: false, secret: false, local: false, example: "", listed_as: "" };
}

/// A key as documented.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// What the value means.
    pub(crate) meaning: &'static str,
    /// Type and bounds in words.
    pub(crate) kind: String,
    /// The JSON Schema, with the default.
    pub(crate) schema: Map<String, Json>,
    pub(crate) is_required: bool,
    pub(crate) traits: Traits,
    /// The section that the value is, or consists of.
    pub(crate) section: Option<Document>,
}

/// A section as documented.
pub(crate) struct Document {
    pub(crate) name: &'static str,
    pub(crate) about: String,
    pub(crate) keys: Vec<Key>,
    /// Exactly one of these keys is required.
    pub(crate) one_of: &'static [&'static str],
}

/// The value of one key: the one written, or the default.
pub(super) struct Setting<T> {
    /// `None` if the value is invalid or a required one is missing, which is reported.
    pub(super) value: Option<T>,
    /// The offset of the written value's first byte; `None` for a default.
    pub(super) at: Option<usize>,
}

/// A kind of value: how it is read, and how it is documented.
pub(super) trait Kind {
    /// The value that the stages use.
    type Value;

    /// Whether it is a key of the file. A kind that takes its value from elsewhere is not.
    const IS_KEY: bool = true;

    /// Reads the value of `key`, and reports what is wrong with it. A kind that overrides `setting`
    /// may do without.
    fn read(&self, _node: &Node, _key: &str, _reader: &mut Reader<'_>) -> Option<Self::Value> {
        None
    }

    /// The value if the key is left out. `None`: it is required.
    fn default(&self) -> Option<Self::Value> {
        None
    }

    fn is_required(&self) -> bool {
        self.default().is_none()
    }

    /// The JSON Schema of the value as written, with the default.
    fn schema(&self) -> Json;

    /// Type and bounds in words.
    fn words(&self) -> String;

    /// The section that the value is, or consists of.
    fn section(&self) -> Option<Document> {
        None
    }

    /// Reads `key` of a section. A kind whose value depends on other keys overrides this.
    fn setting(
        &self,
        key: &'static str,
        fields: &mut Fields<'_>,
        reader: &mut Reader<'_>,
    ) -> Setting<Self::Value> {
        match fields.get(key) {
            Some(node) => {
                Setting { value: self.read(node, key, reader), at: Some(node.written.start) }
            }
            None => {
                let value = self.default();
                if value.is_none() {
                    fields.missing(key);
                }
                Setting { value, at: None }
            }
        }
    }
}

/// A struct that [`section!`] has declared.
pub(super) trait Table: Sized {
    /// The settings as read, with their places.
    type Keys;

    /// Reads every key.
    fn read(fields: Fields<'_>, reader: &mut Reader<'_>) -> Self::Keys;

    /// The section's documentation.
    fn document() -> Document;
}

/// A section with the rules that concern several of its keys.
pub(super) trait Section: Table {
    /// Exactly one of these keys is required; a kind of one of them reports it.
    const ONE_OF: &'static [&'static str] = &[];

    /// Applies the rules. `None` if something was reported.
    fn check(keys: Self::Keys, reader: &mut Reader<'_>) -> Option<Self>;
}

/// A value as `check` lists it, and as the hash and a reload compare it.
pub(crate) trait Shown {
    /// The value for people; nothing of a secret.
    fn shown(&self) -> Json;

    /// Adds the value to the configuration's hash, without secrets that could be guessed from it.
    fn add_to(&self, hash: &mut Xxh3) {
        add_text(&self.shown().to_string(), hash);
    }

    /// Appends `key` to `changed` if the value differs from that of a new configuration.
    fn compare(&self, new: &Self, key: String, changed: &mut Vec<String>)
    where
        Self: Sized,
    {
        let digest = |value: &Self| {
            let mut hash = Xxh3::new();
            value.add_to(&mut hash);
            hash.digest()
        };
        if digest(self) != digest(new) {
            changed.push(key);
        }
    }
}

/// Adds a text to a hash, with its length, so that two texts differ from one.
pub(super) fn add_text(text: &str, hash: &mut Xxh3) {
    hash.update(&text.len().to_le_bytes());
    hash.update(text.as_bytes());
}

/// The document of a table; `about` is its doc comment.
pub(super) fn document<S: Section>(
    name: &'static str,
    about: &str,
    keys: Vec<Option<Key>>,
) -> Document {
    let about: Vec<&str> = about.lines().map(str::trim).collect();
    let keys = keys.into_iter().flatten().collect();
    Document { name, about: about.join(" ").trim().to_owned(), keys, one_of: S::ONE_OF }
}

/// The documentation of one key; `None` if the value is not a key of the file.
pub(super) fn key<K: Kind>(
    name: &'static str,
    meaning: &'static str,
    kind: &K,
    traits: Traits,
) -> Option<Key> {
    let mut schema = Map::new();
    schema.insert("description".to_owned(), meaning.into());
    if let Json::Object(rest) = kind.schema() {
        schema.extend(rest);
    }
    if let Ok(example) = serde_json::from_str::<Json>(traits.example) {
        schema.insert("examples".to_owned(), vec![example].into());
    }
    K::IS_KEY.then(|| Key {
        name,
        meaning,
        kind: kind.words(),
        schema,
        is_required: kind.is_required(),
        traits,
        section: kind.section(),
    })
}

/// Declares a section: a struct, its keys with places as read, and its table.
///
/// A row is `key: Type = kind, "meaning", trait = value…;` with the fields of [`Traits`].
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $(#[derive($($derive:ident),+)])?
        $vis:vis $name:ident, $keys:ident {
            $(
                $key:ident: $type:ty = $kind:expr,
                $meaning:literal $(, $trait:ident = $value:expr)*;
            )*
        }
    ) => {
        $(#[doc = $about])+
        $(#[derive($($derive),+)])?
        $vis struct $name {
            $(#[doc = $meaning] $vis $key: $type,)*
        }

        /// The section's settings as read.
        pub(super) struct $keys {
            $(pub(super) $key: $crate::config::section::Setting<$type>,)*
        }

        impl $keys {
            /// The section, if every value is valid.
            pub(super) fn complete(self) -> Option<$name> {
                Some($name { $($key: self.$key.value?,)* })
            }
        }

        impl $name {
            /// The changed keys that need a restart, each after `section`.
            #[allow(dead_code, reason = "only whole sections are compared")]
            pub(crate) fn restart_keys(&self, new: &Self, section: &str) -> Vec<String> {
                use $crate::config::section::{Shown, Traits};
                let mut changed = Vec::new();
                $(
                    if (Traits { $($trait: $value,)* ..Traits::PLAIN }).restart {
                        let key = format!("{section}.{}", stringify!($key));
                        self.$key.compare(&new.$key, key, &mut changed);
                    }
                )*
                changed
            }
        }

        impl $crate::config::section::Table for $name {
            type Keys = $keys;

            fn read(
                mut fields: $crate::config::reader::Fields<'_>,
                reader: &mut $crate::config::reader::Reader<'_>,
            ) -> $keys {
                use $crate::config::section::Kind;
                const fn is_key<K: Kind>(_: &K) -> bool {
                    K::IS_KEY
                }
                let keys = $keys {
                    $($key: $kind.setting(stringify!($key), &mut fields, reader),)*
                };
                fields.finish(&[$((stringify!($key), is_key(&$kind))),*], reader);
                keys
            }

            fn document() -> $crate::config::section::Document {
                use $crate::config::section::{Traits, document, key};
                let traits = Traits::PLAIN;
                let keys = vec![$(
                    key(
                        stringify!($key),
                        $meaning,
                        &$kind,
                        Traits { $($trait: $value,)* ..traits },
                    ),
                )*];
                document::<$name>(stringify!($name), concat!($($about, "\n"),+), keys)
            }
        }

        impl $crate::config::section::Shown for $name {
            fn shown(&self) -> serde_json::Value {
                use $crate::config::section::Traits;
                let mut shown = serde_json::Map::new();
                $(
                    let traits = Traits { $($trait: $value,)* ..Traits::PLAIN };
                    let name = match traits.listed_as {
                        "" => stringify!($key),
                        name => name,
                    };
                    shown.insert(name.to_owned(), self.$key.shown());
                )*
                shown.into()
            }

            fn add_to(&self, hash: &mut xxhash_rust::xxh3::Xxh3) {
                use $crate::config::section::Traits;
                $(
                    if !(Traits { $($trait: $value,)* ..Traits::PLAIN }).local {
                        self.$key.add_to(hash);
                    }
                )*
            }
        }
    };
}

pub(super) use section;
