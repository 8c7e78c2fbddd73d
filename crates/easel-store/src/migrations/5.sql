-- Paths of images are relative to the home from now on, so that it may be moved or have several names.
UPDATE images SET path = relative_path(path), json = relative_paths(json);
UPDATE calls SET json = relative_paths(json), intent = relative_paths(intent);
UPDATE items SET json = relative_paths(json)
WHERE kind = 'imageGeneration' OR (kind = 'userMessage' AND instr(json, 'attachments') > 0);
UPDATE model_items SET json = relative_paths(json)
WHERE instr(json, 'generated_images') > 0 OR instr(json, 'attachments') > 0;
-- A folder of a thread's images has one name below its own, so its end is looked for with a file in it.
UPDATE OR REPLACE removals SET path = CASE
    WHEN relative_path(path) <> path THEN relative_path(path)
    ELSE substr(relative_path(path || '/x'), 1, length(relative_path(path || '/x')) - 2)
END;
