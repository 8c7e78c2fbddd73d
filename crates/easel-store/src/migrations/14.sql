-- Threads that were started over another protocol than the app-server's, such as MCP. Their clients find the images that
-- they have made before, and no others.
CREATE TABLE IF NOT EXISTS face_threads (
    thread_id TEXT PRIMARY KEY REFERENCES threads (id) ON DELETE CASCADE,
    face      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
