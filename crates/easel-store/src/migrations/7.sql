-- Whether a client has named the thread's folder. A folder that no client named is only where the process happens to run,
-- and the model may read nothing below it. Older threads keep their access, since nobody knows who named their folder.
ALTER TABLE threads ADD COLUMN folder_named INTEGER NOT NULL DEFAULT 0;
UPDATE threads SET folder_named = 1;
