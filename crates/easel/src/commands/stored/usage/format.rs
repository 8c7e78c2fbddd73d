//! The lines of a report as a table, as JSON or as comma-separated values.

use easel_imagegen::spending::Cost;
use easel_store::LedgerRow;
use serde_json::{Map, Value};

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    /// Columns for people.
    Table,
    /// One JSON object a line.
    Json,
    /// Comma-separated values with a header.
    Csv,
}

/// One line of a report: fields with their names, and their widths in a table. Fields of width 0 are not in the table.
pub(super) struct Line(Vec<Field>);

struct Field {
    name: &'static str,
    width: usize,
    value: Value,
}

impl Line {
    /// Returns the line of one call.
    pub(super) fn of_call(row: &LedgerRow) -> Self {
        let outcome = row.outcome.as_deref().unwrap_or("running");
        Self(vec![
            Field::new("day", 10, row.day.as_str()),
            Field::new("provider", 12, row.provider.as_str()),
            Field::new("model", 18, row.model.as_str()),
            Field::new("images", 6, row.images),
            Field::new("lost_images", 0, row.lost_images),
            Field::new("cost_usd", 10, usd(row.cost)),
            Field::new("outcome", 9, outcome),
            Field::new("request_id", 38, row.request_id.as_deref()),
            Field::new("estimate_usd", 0, usd(row.estimate)),
            Field::new("approved", 0, row.is_approved),
            Field::new("requested_images", 0, row.requested),
            Field::new("input_tokens", 0, row.input_tokens),
            Field::new("output_tokens", 0, row.output_tokens),
            Field::new("started_at_ms", 0, row.started_at_ms),
            Field::new("thread_id", 0, row.thread_id.as_str()),
            Field::new("turn_id", 0, row.turn_id.as_str()),
            Field::new("item_id", 0, row.item_id.as_deref()),
        ])
    }

    /// Returns the line of a sum.
    pub(super) fn of_sum(name: &'static str, key: &str, sum: &super::sums::Sum) -> Self {
        Self(vec![
            Field::new(name, 38, key),
            Field::new("calls", 6, sum.calls),
            Field::new("images", 6, sum.images),
            Field::new("lost_images", 11, sum.lost_images),
            Field::new("cost_usd", 10, usd(Some(sum.cost))),
            Field::new("unpriced_images", 15, sum.unpriced_images),
        ])
    }

    /// Returns the line above the first one, if the format has one.
    pub(super) fn header(&self, format: OutputFormat) -> Option<String> {
        let names = |field: &Field| field.name.to_owned();
        match format {
            OutputFormat::Json => None,
            OutputFormat::Csv => Some(self.0.iter().map(names).collect::<Vec<_>>().join(",")),
            OutputFormat::Table => Some(self.columns(|field| field.name.replace('_', " "))),
        }
    }

    /// Writes the line.
    pub(super) fn write(&self, format: OutputFormat) -> String {
        match format {
            OutputFormat::Json => {
                let fields = self.0.iter().map(|field| (field.name.to_owned(), field.value.clone()));
                Value::Object(fields.collect::<Map<_, _>>()).to_string()
            }
            OutputFormat::Csv => self.0.iter().map(|field| quote(&field.to_text(""))).collect::<Vec<_>>().join(","),
            OutputFormat::Table => self.columns(|field| field.to_text("-")),
        }
    }

    fn columns(&self, text: impl Fn(&Field) -> String) -> String {
        let fields = self.0.iter().filter(|field| field.width > 0);
        let columns = fields.map(|field| format!("{:<width$}", text(field), width = field.width));
        columns.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

impl Field {
    fn new(name: &'static str, width: usize, value: impl Into<Value>) -> Self {
        Self { name, width, value: value.into() }
    }

    fn to_text(&self, null: &str) -> String {
        match &self.value {
            Value::Null => null.to_owned(),
            Value::String(text) => text.clone(),
            value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => value.to_string(),
        }
    }
}

fn usd(cost: Option<Cost>) -> Value {
    cost.map(Cost::to_usd).into()
}

/// Quotes a value that has a special character, or that a spreadsheet would read as a formula.
fn quote(text: &str) -> String {
    let guarded = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() };
    if guarded.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_provider_stay_in_their_column() {
        for (text, expected) in [
            ("req_1", "req_1"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=cmd()", "'=cmd()"),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(quote(text), expected);
        }
    }
}
