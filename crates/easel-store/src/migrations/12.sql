-- The ledger: one row for each image call that a provider may bill. A row is inserted before the call is sent and settled
-- when it has ended. It outlives its thread, and a settled row never changes. Costs are in millionths of a US dollar.
CREATE TABLE ledger (
    sequence      INTEGER PRIMARY KEY,
    thread_id     TEXT NOT NULL,
    turn_id       TEXT NOT NULL,
    -- Null for a model request that offers the hosted tool, until its first image takes the row.
    item_id       TEXT,
    owner         TEXT NOT NULL,
    provider      TEXT NOT NULL,
    model         TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL,
    -- What was reserved. The cost is null if the price was unknown.
    requested     INTEGER NOT NULL,
    estimate      INTEGER,
    -- The price by which the cost is computed, as JSON.
    price         TEXT,
    -- Whether the user approved the call, which may then exceed the limits.
    approved      INTEGER NOT NULL DEFAULT 0,
    -- Null while the call runs.
    outcome       TEXT CHECK (outcome IN ('made', 'failed', 'uncertain', 'released')),
    -- What counts for the limits: what was reserved, then what was billed or may have been.
    images        INTEGER NOT NULL,
    cost          INTEGER,
    -- The part of it that may have been billed and never arrived.
    lost_images   INTEGER NOT NULL DEFAULT 0,
    lost_cost     INTEGER,
    input_tokens  INTEGER,
    output_tokens INTEGER,
    -- The provider's id of the request, by which its invoice can be compared.
    request_id    TEXT
) STRICT;
CREATE UNIQUE INDEX ledger_by_item ON ledger (thread_id, item_id);
CREATE UNIQUE INDEX ledger_open_requests ON ledger (thread_id, turn_id) WHERE item_id IS NULL AND outcome IS NULL;
CREATE INDEX ledger_open ON ledger (owner) WHERE outcome IS NULL;
-- Has everything that the sums of a day need.
CREATE INDEX ledger_by_time ON ledger (started_at_ms, images, cost, lost_images, lost_cost, outcome);

CREATE TRIGGER ledger_rows_stay_as_settled BEFORE UPDATE ON ledger WHEN OLD.outcome IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a settled row of the ledger cannot be changed');
END;
CREATE TRIGGER ledger_rows_are_kept BEFORE DELETE ON ledger WHEN OLD.outcome IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a settled row of the ledger cannot be deleted');
END;

-- Fills the ledger from the journal. It has no prices, and no calls of deleted threads, of which only sums are left in
-- `usage`.
INSERT INTO ledger (thread_id, turn_id, item_id, owner, provider, model, started_at_ms, requested, outcome, images,
    lost_images, input_tokens, output_tokens, request_id)
SELECT thread_id, turn_id, call_id, owner, provider, model, started_at_ms, requested, outcome,
    CASE outcome WHEN 'made' THEN made WHEN 'released' THEN 0 ELSE requested END,
    CASE outcome WHEN 'uncertain' THEN requested ELSE 0 END,
    input_tokens, output_tokens, request_id
FROM (SELECT calls.thread_id, calls.turn_id, calls.call_id, calls.owner, calls.started_at_ms,
        coalesce(json_extract(calls.json, '$.provider'), '') AS provider,
        coalesce(json_extract(calls.json, '$.model'), '') AS model,
        coalesce(json_extract(calls.json, '$.requested.n'), 1) AS requested,
        CASE
            WHEN calls.outcome IS NULL THEN NULL
            WHEN json_extract(calls.outcome, '$.type') = 'made' THEN 'made'
            WHEN json_extract(calls.outcome, '$.error.billed') = 'no' THEN 'released'
            WHEN json_extract(calls.outcome, '$.error.billed') = 'yes' THEN 'failed'
            ELSE 'uncertain'
        END AS outcome,
        count(images.id) AS made,
        max(json_extract(images.json, '$.usage.inputTokens')) AS input_tokens,
        max(json_extract(images.json, '$.usage.outputTokens')) AS output_tokens,
        coalesce(max(json_extract(images.json, '$.requestId')), json_extract(calls.outcome, '$.error.requestId'))
            AS request_id
    FROM calls LEFT JOIN images ON images.thread_id = calls.thread_id AND images.call_id = calls.call_id
        AND images.origin = 'made' AND images.inherited = 0 AND json_valid(images.json)
    WHERE calls.bills AND json_valid(calls.json) AND (calls.outcome IS NULL OR json_valid(calls.outcome))
        AND NOT coalesce(json_extract(calls.json, '$.synthetic'), 0)
    GROUP BY calls.thread_id, calls.call_id)
ORDER BY started_at_ms;
