-- Removes the text line after each image from conversations. Lines are now written when a conversation is rendered. The
-- line of a hosted image was an item of its own.
DELETE FROM model_items WHERE is_image_line(json);
UPDATE model_items SET json = without_image_lines(json) WHERE instr(json, 'img_') > 0;
UPDATE steers SET input = without_image_lines(input) WHERE instr(input, 'img_') > 0;
