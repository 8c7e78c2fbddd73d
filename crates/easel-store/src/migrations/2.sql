-- A fork shares the files of its source. `inherited` is 0 for the primary row of each image and 1 for its copies.
ALTER TABLE images ADD COLUMN inherited INTEGER NOT NULL DEFAULT 0;
-- 1 if the turn that made the image was reverted. The image is kept, but left out of the conversation.
ALTER TABLE images ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
CREATE INDEX images_by_file ON images (path);

-- The thread's token usage after the last response of the turn, so that a revert can restore it.
ALTER TABLE turns ADD COLUMN usage TEXT;
UPDATE turns SET usage = (SELECT usage FROM threads WHERE threads.id = turns.thread_id)
WHERE position = (SELECT max(position) FROM turns AS other WHERE other.thread_id = turns.thread_id);

-- The queue of files and folders to remove from the disk.
CREATE TABLE removals (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
