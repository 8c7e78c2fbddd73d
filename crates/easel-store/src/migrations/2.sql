-- A fork shows images of the thread it comes from: its rows name the same files, and `inherited` tells them from those
-- that count, one an image.
ALTER TABLE images ADD COLUMN inherited INTEGER NOT NULL DEFAULT 0;
-- 1 when the turn that made the image was reverted: the image is kept, and is no part of the conversation any more.
ALTER TABLE images ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
CREATE INDEX images_by_file ON images (path);

-- The thread's token usage when the turn had its last answer, so that a thread cut off after it has the right sum.
ALTER TABLE turns ADD COLUMN usage TEXT;
UPDATE turns SET usage = (SELECT usage FROM threads WHERE threads.id = turns.thread_id)
WHERE position = (SELECT max(position) FROM turns AS other WHERE other.thread_id = turns.thread_id);

-- Files of deleted threads, and the folders of their images, that are still to be removed from the disk.
CREATE TABLE removals (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
