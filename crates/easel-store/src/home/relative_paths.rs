//! SQL functions for the migration from absolute to relative paths.
//!
//! A row does not tell where the home was when it was written. So a path is recognised by its end, which only Easel
//! writes: `generated_images/FOLDER/FILE`, or `attachments/SHA-256.EXTENSION`.

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use serde_json::Value;

use crate::error::Error;
use crate::home::{ATTACHMENTS, GENERATED};

/// Adds `relative_path(path)`, and `relative_paths(json)` for a document with paths of images, to a connection.
pub(crate) fn register_functions(connection: &Connection) -> Result<(), Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("relative_path", 1, flags, |context| {
        let path: String = context.get(0)?;
        Ok(relative(&path).map(str::to_owned).unwrap_or(path))
    })?;
    connection.create_scalar_function("relative_paths", 1, flags, relative_paths)?;
    Ok(())
}

/// Returns null and invalid JSON unchanged.
fn relative_paths(context: &Context<'_>) -> rusqlite::Result<Option<String>> {
    let Some(json) = context.get::<Option<String>>(0)? else { return Ok(None) };
    let Ok(mut document) = serde_json::from_str::<Value>(&json) else { return Ok(Some(json)) };
    shorten_paths(&mut document);
    Ok(Some(document.to_string()))
}

fn shorten_paths(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(shorten_paths),
        Value::Object(object) => {
            // The paths of these are the client's.
            if matches!(object.get("type").and_then(Value::as_str), Some("skill" | "mention")) {
                return;
            }
            for (key, value) in object {
                match (key.as_str(), value) {
                    ("path" | "savedPath" | "staged", Value::String(path)) => {
                        if let Some(short) = relative(path) {
                            *path = short.to_owned();
                        }
                    }
                    (_, value) => shorten_paths(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Returns the end of the path of one of Easel's images, or `None` for any other path.
fn relative(path: &str) -> Option<&str> {
    let is_separator = |c: char| c == '/' || c == '\\';
    let mut starts: Vec<usize> = path.rmatch_indices(is_separator).map(|(at, _)| at + 1).take(3).collect();
    starts.reverse();
    let part = |index: usize| {
        let start = *starts.get(index)?;
        Some(&path[start..starts.get(index + 1).map_or(path.len(), |next| next - 1)])
    };
    let last = starts.len().checked_sub(1)?;
    let folder = last.checked_sub(1)?;
    if part(folder) == Some(ATTACHMENTS) && part(last).is_some_and(is_content_name) {
        return Some(&path[starts[folder]..]);
    }
    let is_generated = last == 2 && part(0) == Some(GENERATED) && part(1) != Some("") && part(2) != Some("");
    is_generated.then(|| &path[starts[0]..])
}

fn is_content_name(file: &str) -> bool {
    file.split_once('.').is_some_and(|(hash, extension)| {
        hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) && !extension.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_own_paths_only() {
        let hash = "0f".repeat(32);
        let table = [
            ("/home/u/.easel/generated_images/t/c1.png".to_owned(), Some("generated_images/t/c1.png".to_owned())),
            (r"C:\easel\generated_images\t\c.png".to_owned(), Some(r"generated_images\t\c.png".to_owned())),
            ("/generated_images/x/generated_images/t/c.png".to_owned(), Some("generated_images/t/c.png".to_owned())),
            (format!("/a b/attachments/{hash}.jpg"), Some(format!("attachments/{hash}.jpg"))),
            (format!("/generated_images/attachments/{hash}.jpg"), Some(format!("attachments/{hash}.jpg"))),
            ("/home/u/attachments/letter.png".to_owned(), None),
            ("/home/u/generated_images/c.png".to_owned(), None),
            ("/home/u/generated_images/t/deep/c.png".to_owned(), None),
            ("generated_images".to_owned(), None),
            (String::new(), None),
        ];
        for (path, expected) in table {
            assert_eq!(relative(&path), expected.as_deref(), "{path}");
        }
    }

    #[test]
    fn shortens_own_paths_only() {
        let path = "/old, place/generated_images/t/c1.png";
        let mut document = serde_json::json!({
            "path": path,
            "inputs": [{ "path": path }, { "type": "mention", "path": path }],
            "content": [
                { "type": "input_text", "text": path },
            ],
        });
        shorten_paths(&mut document);
        let short = "generated_images/t/c1.png";
        assert_eq!(document["path"], short);
        assert_eq!((&document["inputs"][0]["path"], &document["inputs"][1]["path"]), (&short.into(), &path.into()));
        assert_eq!(document["content"][0]["text"], path);
    }
}
