-- Whether a client has named the thread's folder. A folder that nobody named is only where the process happens to run, and
-- the model may read nothing below it. Of older threads that is not known; they keep what they had.
ALTER TABLE threads ADD COLUMN folder_named INTEGER NOT NULL DEFAULT 0;
UPDATE threads SET folder_named = 1;
