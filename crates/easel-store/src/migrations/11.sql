-- Costs that do not grow with a thread: its rows are found by turn, by handle, and from a position on.

-- Set in a catalogue, which stands for older items: the position of the oldest item that a model reads besides it. The
-- history for a model is the newest catalogue, then the other items from that position on.
ALTER TABLE model_items ADD COLUMN keeps_from INTEGER;
CREATE INDEX model_items_catalogues ON model_items (thread_id, position) WHERE keeps_from IS NOT NULL;
CREATE INDEX model_items_by_turn ON model_items (thread_id, turn_id, position);
-- The ids of function calls, which new items must not repeat. A row that is not JSON fails when it is read, not here.
CREATE INDEX model_items_by_call
    ON model_items (thread_id, CASE WHEN json_valid(json) THEN json_extract(json, '$.call_id') END)
    WHERE instr(json, '"function_call"') > 0;

CREATE INDEX images_by_turn ON images (thread_id, turn_id) WHERE turn_id IS NOT NULL;

-- Of an inherited image another row exists, so it is not counted again.
DROP TRIGGER made_images_are_used;
CREATE TRIGGER made_images_are_used AFTER INSERT ON images
WHEN NEW.origin = 'made' AND NEW.inherited = 0
    AND NOT EXISTS (SELECT 1 FROM images WHERE id = NEW.id AND sequence <> NEW.sequence)
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

-- A fork shares the searchable texts of its source, because adding a text to the index takes longer than copying the rest
-- of a turn. `words` has each text once, and `word_items` the items that it belongs to.
CREATE TABLE word_items (
    thread_id TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    -- Empty for the name and the preview of the thread.
    item_id   TEXT NOT NULL,
    word_id   INTEGER NOT NULL,
    PRIMARY KEY (thread_id, item_id)
) STRICT, WITHOUT ROWID;
INSERT INTO word_items SELECT thread_id, item_id, id FROM words;
CREATE INDEX word_items_by_word ON word_items (word_id);

DROP TRIGGER threads_have_words;
DROP TRIGGER threads_change_words;
DROP TRIGGER items_have_words;
DROP TRIGGER items_change_words;
DROP TRIGGER items_take_their_words;
DROP TRIGGER words_enter_the_index;
DROP TRIGGER words_leave_the_index;
DROP TRIGGER words_change_in_the_index;
CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
INSERT INTO texts SELECT id, text FROM words;
DROP TABLE words;
ALTER TABLE texts RENAME TO words;
CREATE INDEX words_too_long ON words (id) WHERE octet_length(text) > 65536;
CREATE TRIGGER words_enter_the_index AFTER INSERT ON words WHEN octet_length(NEW.text) <= 65536
BEGIN
    INSERT INTO words_index (rowid, text) VALUES (NEW.id, folded(NEW.text));
END;
CREATE TRIGGER words_leave_the_index AFTER DELETE ON words WHEN octet_length(OLD.text) <= 65536
BEGIN
    DELETE FROM words_index WHERE rowid = OLD.id;
END;

-- Writes go through this view.
CREATE VIEW item_words AS SELECT thread_id, item_id, text FROM word_items JOIN words ON words.id = word_id;
CREATE TRIGGER item_words_are_inserted INSTEAD OF INSERT ON item_words WHEN NEW.text IS NOT NULL
BEGIN
    INSERT INTO words (text) VALUES (NEW.text);
    INSERT INTO word_items (thread_id, item_id, word_id) VALUES (NEW.thread_id, NEW.item_id, last_insert_rowid());
END;
CREATE TRIGGER words_go_with_their_last_item AFTER DELETE ON word_items
WHEN NOT EXISTS (SELECT 1 FROM word_items WHERE word_id = OLD.word_id)
BEGIN
    DELETE FROM words WHERE id = OLD.word_id;
END;

CREATE TRIGGER threads_have_words AFTER INSERT ON threads
BEGIN
    INSERT INTO item_words VALUES (NEW.id, '', coalesce(NEW.name || char(10), '') || NEW.preview);
END;
CREATE TRIGGER threads_change_words AFTER UPDATE OF name, preview ON threads
WHEN NEW.name IS NOT OLD.name OR NEW.preview IS NOT OLD.preview
BEGIN
    DELETE FROM word_items WHERE thread_id = NEW.id AND item_id = '';
    INSERT INTO item_words VALUES (NEW.id, '', coalesce(NEW.name || char(10), '') || NEW.preview);
END;
-- Items over 1 MiB are not searchable: extracting their text here takes ten times their size in memory. A fork inserts
-- the rows of `word_items` before those of `items`.
CREATE TRIGGER items_have_words AFTER INSERT ON items
WHEN NEW.kind IN ('userMessage', 'imageGeneration') AND octet_length(NEW.json) <= 1048576
    AND NOT EXISTS (SELECT 1 FROM word_items WHERE thread_id = NEW.thread_id AND item_id = NEW.id)
BEGIN
    INSERT INTO item_words SELECT thread_id, item_id, text FROM said
    WHERE thread_id = NEW.thread_id AND item_id = NEW.id;
END;
-- Most updates of an item leave its text unchanged, and no update removes it.
CREATE TRIGGER items_change_words AFTER UPDATE OF json ON items
WHEN NEW.kind IN ('userMessage', 'imageGeneration') AND octet_length(NEW.json) <= 1048576
BEGIN
    DELETE FROM word_items WHERE thread_id = NEW.thread_id AND item_id = NEW.id
        AND (SELECT text FROM words WHERE id = word_id)
            <> (SELECT text FROM said WHERE thread_id = NEW.thread_id AND item_id = NEW.id);
    INSERT INTO item_words SELECT thread_id, item_id, text FROM said
    WHERE thread_id = NEW.thread_id AND item_id = NEW.id
        AND NOT EXISTS (SELECT 1 FROM word_items WHERE thread_id = NEW.thread_id AND item_id = NEW.id);
END;
CREATE TRIGGER items_take_their_words AFTER DELETE ON items WHEN OLD.kind IN ('userMessage', 'imageGeneration')
BEGIN
    DELETE FROM word_items WHERE thread_id = OLD.thread_id AND item_id = OLD.id;
END;

-- What SQLite assumes about the tables of a thread: thousands of rows of each thread, a few of each turn. Without this it
-- expects ten rows of a thread and reads all of them where it needs those of a turn, also when a turn is deleted.
ANALYZE removals;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('turns', 'turns', '20000 1000 1'),
    ('turns', 'sqlite_autoindex_turns_2', '20000 1000 1'),
    ('items', 'items', '100000 5000 1'),
    ('items', 'sqlite_autoindex_items_2', '100000 5000 1'),
    ('items', 'items_by_turn', '100000 5000 5 1'),
    ('model_items', 'model_items', '100000 5000 1'),
    ('model_items', 'model_items_catalogues', '100 5 1'),
    ('model_items', 'model_items_by_turn', '100000 5000 5 1'),
    ('model_items', 'model_items_by_call', '20000 1000 1'),
    ('images', 'sqlite_autoindex_images_1', '20000 1000 1'),
    ('images', 'images_by_handle', '20000 2'),
    ('images', 'images_by_path', '20000 1000 2'),
    ('images', 'images_by_file', '20000 2'),
    ('images', 'images_by_call', '20000 1000 2'),
    ('images', 'images_by_turn', '20000 1000 2'),
    ('images', 'images_of_thread', '10000 500 1'),
    ('images', 'images_once', '5000 1');
ANALYZE sqlite_schema;
