-- The sums of the ledger for each thread, so that reserving a call does not read the rows of all earlier calls of its
-- thread. The triggers keep them.
CREATE TABLE ledger_threads (
    thread_id       TEXT PRIMARY KEY,
    images          INTEGER NOT NULL,
    cost            INTEGER NOT NULL,
    -- The images whose cost is unknown.
    unpriced_images INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO ledger_threads
SELECT thread_id, sum(images), coalesce(sum(cost), 0), sum(iif(cost IS NULL, images, 0)) FROM ledger GROUP BY thread_id;

CREATE TRIGGER ledger_threads_count_new_rows AFTER INSERT ON ledger
BEGIN
    INSERT INTO ledger_threads
    VALUES (NEW.thread_id, NEW.images, coalesce(NEW.cost, 0), iif(NEW.cost IS NULL, NEW.images, 0))
    ON CONFLICT (thread_id) DO UPDATE SET images = images + excluded.images, cost = cost + excluded.cost,
        unpriced_images = unpriced_images + excluded.unpriced_images;
END;
CREATE TRIGGER ledger_threads_count_changes AFTER UPDATE OF images, cost ON ledger
BEGIN
    UPDATE ledger_threads SET images = images - OLD.images + NEW.images,
        cost = cost - coalesce(OLD.cost, 0) + coalesce(NEW.cost, 0),
        unpriced_images =
            unpriced_images - iif(OLD.cost IS NULL, OLD.images, 0) + iif(NEW.cost IS NULL, NEW.images, 0)
    WHERE thread_id = NEW.thread_id;
END;
CREATE TRIGGER ledger_threads_forget_deleted_rows AFTER DELETE ON ledger
BEGIN
    UPDATE ledger_threads SET images = images - OLD.images, cost = cost - coalesce(OLD.cost, 0),
        unpriced_images = unpriced_images - iif(OLD.cost IS NULL, OLD.images, 0)
    WHERE thread_id = OLD.thread_id;
END;
