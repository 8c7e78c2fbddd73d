-- Removes attachments of ephemeral threads that have ended, which nothing else could delete. Those that a generated image
-- was made from are kept with it.
CREATE TEMP TABLE given_to_ended AS
SELECT given.sequence, given.path FROM images AS given
WHERE given.origin <> 'made'
    AND NOT EXISTS (SELECT 1 FROM threads WHERE id = given.thread_id)
    AND NOT EXISTS (SELECT 1 FROM ephemeral WHERE thread_id = given.thread_id)
    AND NOT EXISTS (SELECT 1 FROM calls WHERE thread_id = given.thread_id AND outcome IS NULL)
    AND NOT EXISTS (
        SELECT 1 FROM images AS made, json_each(made.json, '$.inputs') AS input
        WHERE made.thread_id = given.thread_id AND made.origin = 'made'
            AND json_extract(made.json, '$.deleted') IS NULL AND json_extract(input.value, '$.path') = given.path
    );
INSERT OR IGNORE INTO removals (path) SELECT path FROM given_to_ended;
DELETE FROM images WHERE sequence IN (SELECT sequence FROM given_to_ended);
DROP TABLE given_to_ended;
