-- A trigram index of texts up to 64 KiB. `folded` is an SQL function of Easel that folds case by Unicode. Longer texts are
-- rare; they have an index of their own and are scanned.
DROP TRIGGER threads_have_words;
DROP TRIGGER threads_change_words;
DROP TRIGGER items_have_words;
DROP TRIGGER items_change_words;
DROP TRIGGER items_take_their_words;

CREATE TABLE numbered_words (
    id        INTEGER PRIMARY KEY,
    thread_id TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    -- Empty for the name and the preview of the thread.
    item_id   TEXT NOT NULL,
    text      TEXT NOT NULL,
    UNIQUE (thread_id, item_id)
) STRICT;
INSERT INTO numbered_words (thread_id, item_id, text) SELECT thread_id, item_id, text FROM words;
DROP TABLE words;
ALTER TABLE numbered_words RENAME TO words;
CREATE INDEX words_too_long ON words (id) WHERE octet_length(text) > 65536;

CREATE VIRTUAL TABLE words_index USING fts5 (
    text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);
INSERT INTO words_index (rowid, text) SELECT id, folded(text) FROM words WHERE octet_length(text) <= 65536;

CREATE TRIGGER words_enter_the_index AFTER INSERT ON words WHEN octet_length(NEW.text) <= 65536
BEGIN
    INSERT INTO words_index (rowid, text) VALUES (NEW.id, folded(NEW.text));
END;
CREATE TRIGGER words_leave_the_index AFTER DELETE ON words WHEN octet_length(OLD.text) <= 65536
BEGIN
    DELETE FROM words_index WHERE rowid = OLD.id;
END;
CREATE TRIGGER words_change_in_the_index AFTER UPDATE OF text ON words
BEGIN
    DELETE FROM words_index WHERE rowid = OLD.id AND octet_length(OLD.text) <= 65536;
    INSERT INTO words_index (rowid, text) SELECT NEW.id, folded(NEW.text) WHERE octet_length(NEW.text) <= 65536;
END;

CREATE TRIGGER threads_have_words AFTER INSERT ON threads
BEGIN
    INSERT INTO words (thread_id, item_id, text) VALUES (NEW.id, '', coalesce(NEW.name || char(10), '') || NEW.preview);
END;
CREATE TRIGGER threads_change_words AFTER UPDATE OF name, preview ON threads
WHEN NEW.name IS NOT OLD.name OR NEW.preview IS NOT OLD.preview
BEGIN
    UPDATE words SET text = coalesce(NEW.name || char(10), '') || NEW.preview WHERE thread_id = NEW.id AND item_id = '';
END;
-- Items over 1 MiB are not searchable: extracting their text here takes ten times their size in memory.
CREATE TRIGGER items_have_words AFTER INSERT ON items
WHEN NEW.kind IN ('userMessage', 'imageGeneration') AND octet_length(NEW.json) <= 1048576
BEGIN
    INSERT INTO words (thread_id, item_id, text) SELECT thread_id, item_id, text FROM said
    WHERE thread_id = NEW.thread_id AND item_id = NEW.id AND text IS NOT NULL;
END;
-- Most updates of an item leave its text unchanged, and no update removes it.
CREATE TRIGGER items_change_words AFTER UPDATE OF json ON items
WHEN NEW.kind IN ('userMessage', 'imageGeneration') AND octet_length(NEW.json) <= 1048576
BEGIN
    INSERT INTO words (thread_id, item_id, text) SELECT thread_id, item_id, text FROM said
    WHERE thread_id = NEW.thread_id AND item_id = NEW.id AND text IS NOT NULL
    ON CONFLICT (thread_id, item_id) DO UPDATE SET text = excluded.text WHERE text <> excluded.text;
END;
CREATE TRIGGER items_take_their_words AFTER DELETE ON items WHEN OLD.kind IN ('userMessage', 'imageGeneration')
BEGIN
    DELETE FROM words WHERE thread_id = OLD.thread_id AND item_id = OLD.id;
END;

-- The lists of images in their order: those of one thread, and those of all threads, each once.
CREATE INDEX images_of_thread ON images (thread_id, sequence)
    WHERE origin = 'made' AND json_extract(json, '$.deleted') IS NULL;
CREATE INDEX images_once ON images (sequence)
    WHERE origin = 'made' AND inherited = 0 AND json_extract(json, '$.deleted') IS NULL;

-- Sums over all threads: a few rows per day, independent of the number of threads.
CREATE TABLE usage_days (
    day           TEXT NOT NULL,
    provider      TEXT NOT NULL,
    model         TEXT NOT NULL,
    images        INTEGER NOT NULL,
    synthetic     INTEGER NOT NULL,
    input_tokens  INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    PRIMARY KEY (day, provider, model)
) STRICT, WITHOUT ROWID;
INSERT INTO usage_days
SELECT day, provider, model, sum(images), sum(synthetic), sum(input_tokens), sum(output_tokens)
FROM usage GROUP BY day, provider, model;
CREATE INDEX usage_by_thread ON usage (thread_id, sequence);

CREATE TRIGGER usage_counts_for_its_day AFTER INSERT ON usage
BEGIN
    INSERT INTO usage_days VALUES
        (NEW.day, NEW.provider, NEW.model, NEW.images, NEW.synthetic, NEW.input_tokens, NEW.output_tokens)
    ON CONFLICT (day, provider, model) DO UPDATE SET
        images = images + excluded.images, synthetic = synthetic + excluded.synthetic,
        input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens;
END;
CREATE TRIGGER usage_that_changes_counts_for_its_day AFTER UPDATE ON usage
BEGIN
    UPDATE usage_days SET
        images = images - OLD.images, synthetic = synthetic - OLD.synthetic,
        input_tokens = input_tokens - OLD.input_tokens, output_tokens = output_tokens - OLD.output_tokens
    WHERE day = OLD.day AND provider = OLD.provider AND model = OLD.model;
    INSERT INTO usage_days VALUES
        (NEW.day, NEW.provider, NEW.model, NEW.images, NEW.synthetic, NEW.input_tokens, NEW.output_tokens)
    ON CONFLICT (day, provider, model) DO UPDATE SET
        images = images + excluded.images, synthetic = synthetic + excluded.synthetic,
        input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens;
    DELETE FROM usage_days WHERE day = OLD.day AND provider = OLD.provider AND model = OLD.model
        AND images = 0 AND input_tokens = 0 AND output_tokens = 0;
END;
-- Easel never deletes rows, but somebody may who repairs a database by hand.
CREATE TRIGGER usage_that_goes_leaves_its_day AFTER DELETE ON usage
BEGIN
    UPDATE usage_days SET
        images = images - OLD.images, synthetic = synthetic - OLD.synthetic,
        input_tokens = input_tokens - OLD.input_tokens, output_tokens = output_tokens - OLD.output_tokens
    WHERE day = OLD.day AND provider = OLD.provider AND model = OLD.model;
    DELETE FROM usage_days WHERE day = OLD.day AND provider = OLD.provider AND model = OLD.model
        AND images = 0 AND input_tokens = 0 AND output_tokens = 0;
END;

-- The owner of each ephemeral thread. Its other rows are in the memory of that process.
CREATE TABLE ephemeral (thread_id TEXT PRIMARY KEY, owner TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX ephemeral_by_owner ON ephemeral (owner);
