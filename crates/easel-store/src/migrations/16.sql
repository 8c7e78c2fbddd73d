-- The owner of each thread, as JSON: the protocol over which it was started, null for the app-server's own, and the name
-- that its client gave itself. A row that is not JSON fails when it is read, not here.
CREATE VIEW thread_owners AS
SELECT id AS thread_id,
    json_array(face, CASE WHEN json_valid(json) THEN json_extract(json, '$.originator') END) AS owner
FROM threads LEFT JOIN face_threads ON face_threads.thread_id = threads.id;

-- The owner of the thread. Null for attachments, and for images of threads that are not on the disk.
ALTER TABLE images ADD COLUMN thread_owner TEXT;
UPDATE images SET thread_owner = (SELECT owner FROM thread_owners WHERE thread_owners.thread_id = images.thread_id)
WHERE origin = 'made';
CREATE TRIGGER made_images_have_an_owner AFTER INSERT ON images WHEN NEW.origin = 'made'
BEGIN
    UPDATE images SET thread_owner = (SELECT owner FROM thread_owners WHERE thread_id = NEW.thread_id)
    WHERE sequence = NEW.sequence;
END;

-- The list of the images of one owner in its order, each once.
CREATE INDEX images_of_owner ON images (thread_owner, sequence)
    WHERE thread_owner IS NOT NULL AND origin = 'made' AND inherited = 0 AND json_extract(json, '$.deleted') IS NULL;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('images', 'images_of_owner', '5000 500 1');
ANALYZE sqlite_schema;
