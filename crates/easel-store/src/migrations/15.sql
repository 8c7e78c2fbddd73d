-- A call that is sent again after an attempt that may have been billed has a row for each of these attempts. One row at
-- most is open.
DROP INDEX ledger_by_item;
CREATE INDEX ledger_by_item ON ledger (thread_id, item_id);
CREATE UNIQUE INDEX ledger_open_attempts ON ledger (thread_id, item_id) WHERE outcome IS NULL;
