//! The published JSON Schemas, and a check against them.

use std::fs;
use std::path::Path;

use jsonschema::Registry;
use serde_json::{Value, json};

const BASE: &str = "https://auditgraph.github.io/auditgraph/schemas/";

/// Reads the schema `name` and makes it strict: a published schema lets
/// later versions add fields, but here a field that it does not describe is
/// a failure.
pub(crate) fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

fn strict(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("properties").is_some_and(Value::is_object)
                && !fields.contains_key("additionalProperties")
            {
                fields.insert("additionalProperties".into(), json!(false));
            }
            fields.values_mut().for_each(strict);
        }
        Value::Array(items) => items.iter_mut().for_each(strict),
        _ => {}
    }
}

/// Asserts that `document` is what the schema `name` describes.
#[track_caller]
pub(crate) fn check(name: &str, document: &Value) {
    let mut common = read("common");
    strict(&mut common);
    let registry = Registry::new()
        .add(format!("{BASE}common.json"), common)
        .unwrap()
        .prepare()
        .unwrap();
    let mut schema = read(name);
    assert_eq!(schema["$id"], format!("{BASE}{name}.json"));
    strict(&mut schema);
    let validator = jsonschema::options()
        .with_registry(&registry)
        .build(&schema)
        .unwrap_or_else(|error| panic!("schema {name}: {error}"));
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "not as schemas/{name}.json says:\n{}\n{document:#}",
        errors.join("\n")
    );
}
