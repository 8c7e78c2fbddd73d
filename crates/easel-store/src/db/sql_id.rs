//! Typed ids as SQL values. The protocol crate, which defines the ids, does not know SQLite.

use std::ops::Deref;

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// A typed id in a row or a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlId<T>(pub(crate) T);

impl<T: Deref<Target = str>> ToSql for SqlId<&T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0.as_bytes())))
    }
}

impl<T: for<'a> From<&'a str>> FromSql for SqlId<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str().map(|id| Self(id.into()))
    }
}
