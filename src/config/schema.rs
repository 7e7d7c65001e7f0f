//! Configuration: its JSON Schema, for editors, made from the types that the file is read into.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::File;
use super::values::{
    Brokers, Count, Entries, Flag, Items, Located, Overflow, Period, Properties, Rate, StartAt,
};

/// The schema as `deploy/slackline.schema.json` holds it, with a line break at its end.
///
/// # Errors
/// None in practice: JSON of JSON.
pub fn json() -> Result<String, serde_json::Error> {
    let settings = SchemaSettings::draft07().with_transform(WithoutNull);
    let schema = SchemaGenerator::new(settings).into_root_schema_for::<File>();
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}

/// A key without a value is refused, so that a comment sign before a channel's name is noticed: "optional" means that the key can be left out.
#[derive(Clone)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(any)) = schema.get_mut("anyOf") {
            any.retain(|schema| schema.get("type").is_none_or(|kind| kind != "null"));
            if let [Value::Object(only)] = any.as_slice() {
                let only = only.clone();
                schema.remove("anyOf");
                for (key, value) in only {
                    schema.insert(key, value);
                }
            }
        }
    }
}

/// Anything that holds a variable of the environment, which only the running program knows.
const VARIABLE: &str = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}";

macro_rules! inline_schema {
    ($([$($t:ident)?] $type:ty, $name:literal, |$generator:ident| $schema:expr;)*) => {
        $(impl$(<$t: JsonSchema>)? JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        })*
    };
}

inline_schema! {
    [T] Located<T>, "Located", |generator| generator.subschema_for::<T>();
    [T] Entries<T>, "Entries", |generator| {
        let of = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": of, "propertyNames": { "pattern": super::rules::NAME }, "minProperties": 1 })
    };
    [T] Items<T>, "Items", |generator| {
        let of = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": of, "minItems": 1 })
    };
    [] Brokers, "Brokers", |_generator| json_schema!({ "type": ["string", "array"], "items": { "type": "string" }, "minItems": 1, "minLength": 1 });
    [] Properties, "Properties", |_generator| {
        json_schema!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } })
    };
    [] Rate, "Rate", |_generator| json_schema!({ "type": ["number", "string"], "exclusiveMinimum": 0, "pattern": VARIABLE });
    [] Count, "Count", |_generator| json_schema!({ "type": ["integer", "string"], "minimum": 1, "pattern": VARIABLE });
    [] Flag, "Flag", |_generator| json_schema!({ "type": ["boolean", "string"], "pattern": VARIABLE });
    [] Period, "Period", |_generator| json_schema!({ "type": "string", "pattern": format!("^[0-9]+(ms|s|m|h)$|{VARIABLE}") });
    [] StartAt, "Start", |_generator| json_schema!({ "anyOf": [{ "enum": ["latest", "earliest"] }, { "type": "string", "pattern": VARIABLE }] });
    [] Overflow, "WhenFull", |_generator| {
        json_schema!({ "anyOf": [{ "enum": ["drop_newest", "drop_oldest", "block"] }, { "type": "string", "pattern": VARIABLE }] })
    };
}
