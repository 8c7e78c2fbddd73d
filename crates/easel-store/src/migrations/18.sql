-- Sums of tokens stop at 2^53 - 1, the largest integer that every JSON parser reads exactly. An overflow would become a
-- REAL, which the columns refuse, and a failure of these statistics must not lose the row of a billed image.

-- A composite costs nothing, and of an inherited image another row exists, so neither is counted.
DROP TRIGGER made_images_are_used;
CREATE TRIGGER made_images_are_used AFTER INSERT ON images
WHEN NEW.origin = 'made' AND NEW.inherited = 0 AND json_extract(NEW.json, '$.derived') IS NULL
    AND NOT EXISTS (SELECT 1 FROM images WHERE id = NEW.id AND sequence <> NEW.sequence)
BEGIN
    INSERT INTO usage (day, thread_id, provider, model, images, synthetic, input_tokens, output_tokens)
    SELECT date(NEW.created_at, 'unixepoch'), NEW.thread_id,
        coalesce(json_extract(NEW.json, '$.provider'), ''), coalesce(json_extract(NEW.json, '$.model'), ''),
        1, coalesce(json_extract(NEW.json, '$.synthetic'), 0),
        first * min(coalesce(json_extract(NEW.json, '$.usage.inputTokens'), 0), 9007199254740991),
        first * min(coalesce(json_extract(NEW.json, '$.usage.outputTokens'), 0), 9007199254740991)
    FROM (SELECT NOT EXISTS (
        SELECT 1 FROM images
        WHERE thread_id = NEW.thread_id AND call_id = NEW.call_id AND origin = 'made' AND inherited = 0
            AND sequence < NEW.sequence
    ) AS first)
    WHERE true
    ON CONFLICT (day, thread_id, provider, model) DO UPDATE SET
        images = images + excluded.images, synthetic = synthetic + excluded.synthetic,
        input_tokens = min(input_tokens + excluded.input_tokens, 9007199254740991),
        output_tokens = min(output_tokens + excluded.output_tokens, 9007199254740991);
END;

DROP TRIGGER usage_counts_for_its_day;
CREATE TRIGGER usage_counts_for_its_day AFTER INSERT ON usage
BEGIN
    INSERT INTO usage_days VALUES
        (NEW.day, NEW.provider, NEW.model, NEW.images, NEW.synthetic, NEW.input_tokens, NEW.output_tokens)
    ON CONFLICT (day, provider, model) DO UPDATE SET
        images = images + excluded.images, synthetic = synthetic + excluded.synthetic,
        input_tokens = min(input_tokens + excluded.input_tokens, 9007199254740991),
        output_tokens = min(output_tokens + excluded.output_tokens, 9007199254740991);
END;
-- A sum that has stopped is less than its parts, so it may go below zero here.
DROP TRIGGER usage_that_changes_counts_for_its_day;
CREATE TRIGGER usage_that_changes_counts_for_its_day AFTER UPDATE ON usage
BEGIN
    UPDATE usage_days SET
        images = images - OLD.images, synthetic = synthetic - OLD.synthetic,
        input_tokens = max(input_tokens - OLD.input_tokens, 0),
        output_tokens = max(output_tokens - OLD.output_tokens, 0)
    WHERE day = OLD.day AND provider = OLD.provider AND model = OLD.model;
    INSERT INTO usage_days VALUES
        (NEW.day, NEW.provider, NEW.model, NEW.images, NEW.synthetic, NEW.input_tokens, NEW.output_tokens)
    ON CONFLICT (day, provider, model) DO UPDATE SET
        images = images + excluded.images, synthetic = synthetic + excluded.synthetic,
        input_tokens = min(input_tokens + excluded.input_tokens, 9007199254740991),
        output_tokens = min(output_tokens + excluded.output_tokens, 9007199254740991);
    DELETE FROM usage_days WHERE day = OLD.day AND provider = OLD.provider AND model = OLD.model
        AND images = 0 AND input_tokens = 0 AND output_tokens = 0;
END;
DROP TRIGGER usage_that_goes_leaves_its_day;
CREATE TRIGGER usage_that_goes_leaves_its_day AFTER DELETE ON usage
BEGIN
    UPDATE usage_days SET
        images = images - OLD.images, synthetic = synthetic - OLD.synthetic,
        input_tokens = max(input_tokens - OLD.input_tokens, 0),
        output_tokens = max(output_tokens - OLD.output_tokens, 0)
    WHERE day = OLD.day AND provider = OLD.provider AND model = OLD.model;
    DELETE FROM usage_days WHERE day = OLD.day AND provider = OLD.provider AND model = OLD.model
        AND images = 0 AND input_tokens = 0 AND output_tokens = 0;
END;

-- Removes copies of images that ephemeral forks inherited and left behind when they ended, except those that an image
-- of the fork was made from.
CREATE TEMP TABLE left_by_forks AS
SELECT copy.sequence, copy.path FROM images AS copy
WHERE copy.origin = 'made' AND copy.inherited = 1 AND json_extract(copy.json, '$.deleted') IS NULL
    AND NOT EXISTS (SELECT 1 FROM threads WHERE id = copy.thread_id)
    AND NOT EXISTS (SELECT 1 FROM ephemeral WHERE thread_id = copy.thread_id)
    AND NOT EXISTS (SELECT 1 FROM calls WHERE thread_id = copy.thread_id AND outcome IS NULL)
    AND NOT EXISTS (
        SELECT 1 FROM images AS made WHERE made.thread_id = copy.thread_id AND made.origin = 'made'
            AND made.inherited = 0 AND json_extract(made.json, '$.deleted') IS NULL
            AND (json_extract(made.json, '$.mask.path') = copy.path OR EXISTS (
                SELECT 1 FROM json_each(made.json, '$.inputs') AS input
                WHERE json_extract(input.value, '$.path') = copy.path
            ))
    );
INSERT OR IGNORE INTO removals (path) SELECT path FROM left_by_forks;
DELETE FROM images WHERE sequence IN (SELECT sequence FROM left_by_forks);
DROP TABLE left_by_forks;
