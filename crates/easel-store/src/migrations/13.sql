-- The calls of clients that run their own model loop (`tool/call`), by the ids that the clients gave them. A row is
-- inserted before the item of the call, so a repeated request finds the call that it repeats.
CREATE TABLE host_calls (
    thread_id TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    call_id   TEXT NOT NULL,
    -- The id of the call's item, and of its row in `calls`.
    item_id   TEXT NOT NULL,
    -- SHA-256 of the tool and its arguments.
    hash      BLOB NOT NULL,
    PRIMARY KEY (thread_id, call_id),
    UNIQUE (thread_id, item_id)
) STRICT, WITHOUT ROWID;
