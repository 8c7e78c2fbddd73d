-- Columns named `json` have the wire types. Every `result` and data URL in them is empty: images are files.

CREATE TABLE threads (
    id             TEXT PRIMARY KEY,
    -- The wire thread as it was saved. Where a column below has the same field, the column is newer.
    json           TEXT NOT NULL,
    overrides      TEXT NOT NULL,
    name           TEXT,
    preview        TEXT NOT NULL,
    model_provider TEXT NOT NULL,
    cwd            TEXT NOT NULL,
    ephemeral      INTEGER NOT NULL,
    archived       INTEGER NOT NULL DEFAULT 0,
    -- Unix seconds.
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    usage          TEXT,
    -- Owner id and pid of the process that has the writer lease.
    writer         TEXT,
    writer_pid     INTEGER
) STRICT;
CREATE INDEX threads_by_creation ON threads (created_at, id);
CREATE INDEX threads_by_update ON threads (updated_at, id);
CREATE INDEX threads_by_writer ON threads (writer) WHERE writer IS NOT NULL;

CREATE TABLE turns (
    thread_id TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL,
    id        TEXT NOT NULL,
    -- Owner id of the process that runs the turn; null once it has ended.
    owner     TEXT,
    json      TEXT NOT NULL,
    PRIMARY KEY (thread_id, position),
    UNIQUE (thread_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX turns_running ON turns (owner) WHERE owner IS NOT NULL;

CREATE TABLE items (
    thread_id TEXT NOT NULL,
    position  INTEGER NOT NULL,
    id        TEXT NOT NULL,
    turn_id   TEXT NOT NULL,
    kind      TEXT NOT NULL,
    json      TEXT NOT NULL,
    PRIMARY KEY (thread_id, position),
    UNIQUE (thread_id, id),
    FOREIGN KEY (thread_id, turn_id) REFERENCES turns (thread_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX items_by_turn ON items (thread_id, turn_id, position);

-- The conversation as the model reads it.
CREATE TABLE model_items (
    thread_id TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL,
    turn_id   TEXT NOT NULL,
    json      TEXT NOT NULL,
    PRIMARY KEY (thread_id, position)
) STRICT, WITHOUT ROWID;

-- Images and calls refer to their thread without a foreign key, since a billed image is kept in any case.
CREATE TABLE images (
    sequence   INTEGER PRIMARY KEY,
    thread_id  TEXT NOT NULL,
    id         TEXT NOT NULL,
    origin     TEXT NOT NULL CHECK (origin IN ('attached', 'named', 'made')),
    turn_id    TEXT,
    call_id    TEXT,
    path       TEXT NOT NULL,
    -- Unix seconds.
    created_at INTEGER NOT NULL,
    -- An attachment, or the record of a generated image.
    json       TEXT NOT NULL,
    UNIQUE (thread_id, id)
) STRICT;
CREATE INDEX images_by_handle ON images (id);
CREATE INDEX images_by_path ON images (thread_id, path);
CREATE INDEX images_by_call ON images (thread_id, call_id) WHERE call_id IS NOT NULL;

-- The call journal. A row without an outcome is a running call, or one whose process died.
CREATE TABLE calls (
    thread_id     TEXT NOT NULL,
    call_id       TEXT NOT NULL,
    turn_id       TEXT NOT NULL,
    owner         TEXT NOT NULL,
    bills         INTEGER NOT NULL,
    started_at_ms INTEGER NOT NULL,
    json          TEXT NOT NULL,
    -- The records of the images while their files are being renamed. Recovery completes them after a crash.
    intent        TEXT,
    outcome       TEXT,
    PRIMARY KEY (thread_id, call_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX calls_open ON calls (owner) WHERE outcome IS NULL;
