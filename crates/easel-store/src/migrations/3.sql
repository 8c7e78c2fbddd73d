-- Usage by day, thread and model. It outlives threads and images.
CREATE TABLE usage (
    sequence      INTEGER PRIMARY KEY,
    -- UTC, YYYY-MM-DD.
    day           TEXT NOT NULL,
    thread_id     TEXT NOT NULL,
    provider      TEXT NOT NULL,
    model         TEXT NOT NULL,
    images        INTEGER NOT NULL DEFAULT 0,
    -- Images that no model made.
    synthetic     INTEGER NOT NULL DEFAULT 0,
    input_tokens  INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    UNIQUE (day, thread_id, provider, model)
) STRICT;

-- An image counts once, however many forks share it. The record of each image has the tokens of the whole call, so they
-- are counted with the first image.
CREATE TRIGGER made_images_are_used AFTER INSERT ON images
WHEN NEW.origin = 'made' AND NOT EXISTS (SELECT 1 FROM images WHERE id = NEW.id AND sequence <> NEW.sequence)
BEGIN
    INSERT INTO usage (day, thread_id, provider, model, images, synthetic, input_tokens, output_tokens)
    SELECT date(NEW.created_at, 'unixepoch'), NEW.thread_id,
        coalesce(json_extract(NEW.json, '$.provider'), ''), coalesce(json_extract(NEW.json, '$.model'), ''),
        1, coalesce(json_extract(NEW.json, '$.synthetic'), 0),
        first * coalesce(json_extract(NEW.json, '$.usage.inputTokens'), 0),
        first * coalesce(json_extract(NEW.json, '$.usage.outputTokens'), 0)
    FROM (SELECT NOT EXISTS (
        SELECT 1 FROM images
        WHERE thread_id = NEW.thread_id AND call_id = NEW.call_id AND origin = 'made' AND sequence < NEW.sequence
    ) AS first)
    WHERE true
    ON CONFLICT (day, thread_id, provider, model) DO UPDATE SET
        images = images + excluded.images, synthetic = synthetic + excluded.synthetic,
        input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens;
END;

-- Fills the table from existing rows. The days of a thread's tokens are unknown, so all count for its last day.
INSERT INTO usage (day, thread_id, provider, model, images, synthetic, input_tokens, output_tokens)
SELECT date(created_at, 'unixepoch') AS day, thread_id, coalesce(json_extract(json, '$.provider'), '') AS provider,
    coalesce(json_extract(json, '$.model'), '') AS model, count(*), sum(coalesce(json_extract(json, '$.synthetic'), 0)),
    sum(is_first * coalesce(json_extract(json, '$.usage.inputTokens'), 0)),
    sum(is_first * coalesce(json_extract(json, '$.usage.outputTokens'), 0))
FROM (SELECT *, row_number() OVER (PARTITION BY thread_id, call_id ORDER BY sequence) = 1 AS is_first
    FROM images WHERE origin = 'made' AND inherited = 0)
GROUP BY day, thread_id, provider, model;

INSERT INTO usage (day, thread_id, provider, model, input_tokens, output_tokens)
SELECT date(updated_at, 'unixepoch'), id, model_provider, coalesce(json_extract(json, '$.model'), ''),
    coalesce(json_extract(usage, '$.total.inputTokens'), 0), coalesce(json_extract(usage, '$.total.outputTokens'), 0)
FROM threads WHERE usage IS NOT NULL
ON CONFLICT (day, thread_id, provider, model) DO UPDATE SET
    input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens;
