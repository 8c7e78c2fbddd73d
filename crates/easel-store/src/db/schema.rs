//! The versions of the tables, and the SQL functions that the tables and the queries need.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::Error;
use crate::home::{image_lines, relative_paths};

/// The script that brings the tables to version n is at index n - 1.
const MIGRATIONS: [&str; 18] = [
    include_str!("../migrations/1.sql"),
    include_str!("../migrations/2.sql"),
    include_str!("../migrations/3.sql"),
    include_str!("../migrations/4.sql"),
    include_str!("../migrations/5.sql"),
    include_str!("../migrations/6.sql"),
    include_str!("../migrations/7.sql"),
    include_str!("../migrations/8.sql"),
    include_str!("../migrations/9.sql"),
    include_str!("../migrations/10.sql"),
    include_str!("../migrations/11.sql"),
    include_str!("../migrations/12.sql"),
    include_str!("../migrations/13.sql"),
    include_str!("../migrations/14.sql"),
    include_str!("../migrations/15.sql"),
    include_str!("../migrations/16.sql"),
    include_str!("../migrations/17.sql"),
    include_str!("../migrations/18.sql"),
];

/// Brings the tables to the newest version. Takes no lock if they have it.
///
/// # Errors
/// [`Error::NewerVersion`] if a newer Easel has migrated the database.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), Error> {
    if read_pending_migrations(connection)?.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    relative_paths::register_functions(&transaction)?;
    image_lines::register_functions(&transaction)?;
    // Another process may have migrated it before this one had the lock.
    for script in read_pending_migrations(&transaction)? {
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as u32)?;
    transaction.commit()?;
    Ok(())
}

fn read_pending_migrations(connection: &Connection) -> Result<&'static [&'static str], Error> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    MIGRATIONS.get(version as usize..).ok_or(Error::NewerVersion { found: version, known: MIGRATIONS.len() })
}
