-- Messages that a user added to a running turn and that its model has not read. A row is committed before the client's
-- request is answered, and deleted when the message enters history.
CREATE TABLE steers (
    thread_id TEXT NOT NULL,
    turn_id   TEXT NOT NULL,
    -- The id of the message's item.
    id        TEXT NOT NULL,
    position  INTEGER NOT NULL,
    -- The item, and the message as the model reads it.
    item      TEXT NOT NULL,
    input     TEXT NOT NULL,
    PRIMARY KEY (thread_id, id),
    FOREIGN KEY (thread_id, turn_id) REFERENCES turns (thread_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX steers_by_turn ON steers (thread_id, turn_id, position);

-- Owner id of the process that imported an attachment, until a message shows it. Recovery removes the attachments that a
-- dead process left in this state.
ALTER TABLE images ADD COLUMN taken_by TEXT;
CREATE INDEX images_taken ON images (taken_by) WHERE taken_by IS NOT NULL;

-- Requests to a model whose provider may make and bill images while it answers. A row is durable before the request is
-- sent, and deleted when its turn ends. A row that is left after a crash means that an image may have been billed.
CREATE TABLE hosted_requests (
    thread_id     TEXT NOT NULL,
    turn_id       TEXT NOT NULL,
    owner         TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL,
    PRIMARY KEY (thread_id, turn_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX hosted_requests_by_owner ON hosted_requests (owner);
