-- Makes the paths of images relative to the home, so that the home can be moved or have several names.
UPDATE images SET path = relative_path(path), json = relative_paths(json);
UPDATE calls SET json = relative_paths(json), intent = relative_paths(intent);
UPDATE items SET json = relative_paths(json)
WHERE kind = 'imageGeneration' OR (kind = 'userMessage' AND instr(json, 'attachments') > 0);
UPDATE model_items SET json = relative_paths(json)
WHERE instr(json, 'generated_images') > 0 OR instr(json, 'attachments') > 0;
-- `relative_path` recognises files only, so a folder is passed with a file name that is cut off again.
UPDATE OR REPLACE removals SET path = CASE
    WHEN relative_path(path) <> path THEN relative_path(path)
    ELSE substr(relative_path(path || '/x'), 1, length(relative_path(path || '/x')) - 2)
END;
