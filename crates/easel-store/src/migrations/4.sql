-- The searchable text of an item: the text of a user message, or the prompt of a generated image.
CREATE VIEW said AS
SELECT thread_id, id AS item_id, CASE kind
    WHEN 'userMessage' THEN
        (SELECT group_concat(json_extract(value, '$.text'), char(10)) FROM json_each(items.json, '$.content'))
    WHEN 'imageGeneration' THEN json_extract(json, '$.images[0].requested.prompt')
END AS text
FROM items;

-- The searchable texts, apart from the wide rows of threads and items, so that a search reads little.
CREATE TABLE words (
    thread_id TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    -- Empty for the name and the preview of the thread.
    item_id   TEXT NOT NULL,
    text      TEXT NOT NULL,
    PRIMARY KEY (thread_id, item_id)
) STRICT, WITHOUT ROWID;

INSERT INTO words SELECT id, '', coalesce(name || char(10), '') || preview FROM threads;
INSERT INTO words SELECT thread_id, item_id, text FROM said WHERE text IS NOT NULL;

CREATE TRIGGER threads_have_words AFTER INSERT ON threads
BEGIN
    INSERT INTO words VALUES (NEW.id, '', coalesce(NEW.name || char(10), '') || NEW.preview);
END;
CREATE TRIGGER threads_change_words AFTER UPDATE OF name, preview ON threads
BEGIN
    UPDATE words SET text = coalesce(NEW.name || char(10), '') || NEW.preview WHERE thread_id = NEW.id AND item_id = '';
END;
CREATE TRIGGER items_have_words AFTER INSERT ON items WHEN NEW.kind IN ('userMessage', 'imageGeneration')
BEGIN
    INSERT INTO words SELECT thread_id, item_id, text FROM said
    WHERE thread_id = NEW.thread_id AND item_id = NEW.id AND text IS NOT NULL;
END;
CREATE TRIGGER items_change_words AFTER UPDATE OF json ON items WHEN NEW.kind IN ('userMessage', 'imageGeneration')
BEGIN
    DELETE FROM words WHERE thread_id = NEW.thread_id AND item_id = NEW.id;
    INSERT INTO words SELECT thread_id, item_id, text FROM said
    WHERE thread_id = NEW.thread_id AND item_id = NEW.id AND text IS NOT NULL;
END;
CREATE TRIGGER items_take_their_words AFTER DELETE ON items WHEN OLD.kind IN ('userMessage', 'imageGeneration')
BEGIN
    DELETE FROM words WHERE thread_id = OLD.thread_id AND item_id = OLD.id;
END;

-- A list has either the archived threads or the others, and never the ephemeral ones. The index has the columns of the
-- filters, so that only the listed rows are fetched.
ALTER TABLE threads ADD COLUMN source TEXT AS (json_extract(json, '$.source')) VIRTUAL;
DROP INDEX threads_by_creation;
DROP INDEX threads_by_update;
CREATE INDEX threads_by_creation ON threads (archived, ephemeral, created_at, id, cwd, model_provider, source);
CREATE INDEX threads_by_update ON threads (archived, ephemeral, updated_at, id, cwd, model_provider, source);
