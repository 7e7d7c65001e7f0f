//! Tables of keys. Each section of the configuration is one table, and each key is declared once in
//! it, by [`section!`].
//!
//! From a table follow the struct that the stages are built from, reading with defaults and
//! bounds, the JSON Schema, `docs/configuration.md`, the secrets to mask, the configuration's
//! hash, the keys that need a restart, and the settings that `check` lists.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use xxhash_rust::xxh3::Xxh3;

use super::reader::{Fields, Reader};
use super::tree::Node;

/// The options of a key's declaration, besides its kind and documentation.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyOptions {
    /// A change needs a restart; a reload refuses it.
    pub restart: bool,
    /// The value is a secret, or a file's name in whose place a secret may be pasted: never shown.
    pub secret: bool,
    /// Replicas may differ in it: the configuration's hash leaves it out.
    pub local: bool,
    /// An example: a text, or JSON.
    pub example: Option<&'static str>,
    /// The documented default of an optional key, if a later stage sets it.
    pub default: Option<&'static str>,
    /// The remedy where a required key is missing, if `add KEY` does not say enough.
    pub if_missing: Option<&'static str>,
    /// The name that `check` lists it under, if not its own.
    pub listed_as: Option<&'static str>,
}

/// A key as documented.
pub struct Key {
    pub name: &'static str,
    /// What the value means.
    pub meaning: &'static str,
    /// Type and bounds in words.
    pub kind: String,
    /// The JSON Schema, with the default.
    pub schema: Map<String, Json>,
    pub is_required: bool,
    pub options: KeyOptions,
    /// The section that the value is, or consists of.
    pub section: Option<Document>,
}

/// A section as documented.
pub struct Document {
    pub name: &'static str,
    pub about: &'static str,
    pub keys: Vec<Key>,
    /// Exactly one of these keys is required.
    pub one_of: &'static [&'static str],
}

/// The value of one key: the one written, or the default.
pub struct Setting<T> {
    /// `None` if the value is invalid or a required one is missing, which is reported.
    pub value: Option<T>,
    /// The offset of the written value's first byte; `None` for a default.
    pub at: Option<usize>,
}

/// A kind of value: how it is read, and how it is documented.
pub trait Kind {
    /// The value that the stages use.
    type Value;

    /// Reads the value of `key`, and reports what is wrong with it. A kind that overrides `setting`
    /// may do without.
    fn read(&self, _node: &Node, _key: &str, _reader: &mut Reader<'_>) -> Option<Self::Value> {
        None
    }

    /// Whether it is a key of the file. A kind that takes its value from elsewhere is not.
    fn is_key(&self) -> bool {
        true
    }

    /// The value if the key is left out. `None`: it is required, or depends on other sections.
    fn default(&self) -> Option<Self::Value> {
        None
    }

    fn is_required(&self) -> bool {
        self.default().is_none()
    }

    /// The value of a key that is left out and not required.
    fn absent(&self, _reader: &mut Reader<'_>) -> Option<Self::Value> {
        self.default()
    }

    /// The JSON Schema of the value as written, with the default.
    fn schema(&self) -> Json {
        json!({ "type": "string" })
    }

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
        fields: &Fields<'_>,
        reader: &mut Reader<'_>,
    ) -> Setting<Self::Value> {
        let Some(node) = fields.get(key) else {
            return Setting { value: self.absent(reader), at: None };
        };
        Setting { value: self.read(node, key, reader), at: Some(node.written.start) }
    }
}

/// A struct that [`section!`] has declared.
pub trait Table: Sized {
    /// The settings as read, with their places.
    type Keys;

    /// Reads every key.
    fn read(fields: Fields<'_>, reader: &mut Reader<'_>) -> Self::Keys;

    /// The section, if every value is valid.
    fn complete(keys: Self::Keys) -> Option<Self>;

    /// Every value, with its key and the key's options.
    fn values(&self) -> Vec<(&'static str, KeyOptions, &dyn SettingValue)>;

    /// The section's documentation.
    fn document() -> Document;
}

/// A section with the rules that concern several of its keys.
pub trait Section: Table {
    /// Exactly one of these keys is required; a kind of one of them reports it.
    const ONE_OF: &'static [&'static str] = &[];

    /// Whether `${NAME}` is expanded in its values.
    const EXPANDS: bool = false;

    /// Applies the rules. `None` if something was reported.
    fn check(keys: Self::Keys, _reader: &mut Reader<'_>) -> Option<Self> {
        Self::complete(keys)
    }
}

/// A value as `check` lists it, and as the hash and a reload compare it.
pub trait SettingValue {
    /// The value for people; nothing of a secret.
    fn shown(&self) -> Json;

    /// Adds the value to the configuration's hash, without secrets that could be guessed from it.
    fn add_to(&self, hash: &mut Xxh3) {
        add_text(&self.shown().to_string(), hash);
    }

    /// The digests that a reload compares, by what comes after the key in the names of changes.
    fn digests(&self) -> BTreeMap<String, u64> {
        let mut hash = Xxh3::new();
        self.add_to(&mut hash);
        BTreeMap::from([(String::new(), hash.digest())])
    }
}

impl<T: Table> SettingValue for T {
    fn shown(&self) -> Json {
        as_object(listed(self))
    }

    fn add_to(&self, hash: &mut Xxh3) {
        let values = self.values().into_iter().filter(|(_, options, _)| !options.local);
        values.for_each(|(_, _, value)| value.add_to(hash));
    }
}

/// A section's settings as `check` lists them, in the order of its keys. A list, since thousands of
/// actions have one.
pub type Listed = Vec<(&'static str, Json)>;

/// Lists the settings of a section.
pub fn listed(section: &impl Table) -> Listed {
    let shown = |(key, options, value): (&'static str, KeyOptions, &dyn SettingValue)| {
        (options.listed_as.unwrap_or(key), value.shown())
    };
    section.values().into_iter().map(shown).collect()
}

/// A section's settings as a JSON object.
pub fn as_object(listed: Listed) -> Json {
    listed.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
}

/// The keys of `section` that differ between two configurations and need a restart.
pub fn restart_keys(section: &str, current: &impl Table, new: &impl Table) -> Vec<String> {
    let mut changed = Vec::new();
    for ((key, options, current), (_, _, new)) in current.values().into_iter().zip(new.values()) {
        let (current, new) = (current.digests(), new.digests());
        let parts: BTreeSet<&String> = current.keys().chain(new.keys()).collect();
        let differing = parts.into_iter().filter(|part| current.get(*part) != new.get(*part));
        let names = differing.map(|part| format!("{section}.{key}{part}"));
        changed.extend(names.filter(|_| options.restart));
    }
    changed
}

/// Adds a text to a hash, with its length, so that two texts differ from one.
pub fn add_text(text: &str, hash: &mut Xxh3) {
    hash.update(&text.len().to_le_bytes());
    hash.update(text.as_bytes());
}

/// The documentation of one key.
pub fn key<K: Kind>(
    name: &'static str,
    meaning: &'static str,
    kind: &K,
    options: KeyOptions,
) -> Key {
    let mut schema = Map::new();
    schema.insert("description".to_owned(), meaning.into());
    if let Json::Object(rest) = kind.schema() {
        schema.extend(rest);
    }
    if let Some(default) = options.default {
        schema.insert("default".to_owned(), default.into());
    }
    if let Some(example) = options.example {
        let example = serde_json::from_str::<Json>(example).unwrap_or(example.into());
        schema.insert("examples".to_owned(), vec![example].into());
    }
    Key {
        name,
        meaning,
        kind: kind.words(),
        schema,
        is_required: kind.is_required(),
        options,
        section: kind.section(),
    }
}

/// Declares a section: a struct, its keys with places as read, and its table.
///
/// A row is a doc comment, which says what the value means, and
/// `key: Type = kind, trait = value…;` with the fields of [`KeyOptions`].
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $(#[derive($($derive:ident),+)])?
        $vis:vis $name:ident, $keys:ident {
            $(
                $(#[doc = $meaning:literal])+
                $key:ident: $type:ty = $kind:expr $(, $trait:ident = $value:expr)*;
            )*
        }
    ) => {
        $(#[doc = $about])+
        $(#[derive($($derive),+)])?
        $vis struct $name {
            $($(#[doc = $meaning])+ $vis $key: $type,)*
        }

        /// The section's settings as read.
        pub struct $keys {
            $(pub $key: $crate::config::section::Setting<$type>,)*
        }

        const _: () = {
            use $crate::config::reader::{Fields, KnownKey, Reader};
            use $crate::config::section::{Document, Kind, Section, SettingValue, Table, KeyOptions, key};

            impl Table for $name {
                type Keys = $keys;

                fn read(fields: Fields<'_>, reader: &mut Reader<'_>) -> $keys {
                    let keys = $keys {
                        $($key: $kind.setting(stringify!($key), &fields, reader),)*
                    };
                    let options = KeyOptions::default();
                    let mut known = Vec::new();
                    $(if $kind.is_key() {
                        let KeyOptions { if_missing, .. } = KeyOptions { $($trait: $value,)* ..options };
                        let (name, is_required) = (stringify!($key), $kind.is_required());
                        known.push(KnownKey { name, is_required, if_missing });
                    })*
                    fields.finish(&known, reader);
                    keys
                }

                fn complete(keys: $keys) -> Option<Self> {
                    Some(Self { $($key: keys.$key.value?,)* })
                }

                fn values(&self) -> Vec<(&'static str, KeyOptions, &dyn SettingValue)> {
                    vec![$((
                        stringify!($key),
                        KeyOptions { $($trait: $value,)* ..KeyOptions::default() },
                        &self.$key,
                    )),*]
                }

                fn document() -> Document {
                    let options = KeyOptions::default();
                    let mut keys = Vec::new();
                    $(if $kind.is_key() {
                        keys.push(key(
                            stringify!($key),
                            concat!($($meaning),+).trim_ascii_start(),
                            &$kind,
                            KeyOptions { $($trait: $value,)* ..options },
                        ));
                    })*
                    Document {
                        name: stringify!($name),
                        about: concat!($($about),+).trim_ascii_start(),
                        keys,
                        one_of: $name::ONE_OF,
                    }
                }
            }
        };
    };
}

pub(super) use section;
