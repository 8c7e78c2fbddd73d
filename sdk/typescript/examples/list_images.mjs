// Lists the images of all threads, the newest first, and what they cost: node list_images.mjs
import { Easel } from "@easel/sdk";

const easel = new Easel();
try {
  // Item ids are unique only in their thread. The handle `id` of an image is unique.
  for await (const { threadId, itemId, image } of easel.images()) console.log(image.id, threadId, itemId, image.path);
  const { totals } = await easel.usage();
  console.log(`${totals.images} images, estimated cost: ${totals.estimatedCostUsd ?? "unknown"}`);
} finally {
  await easel.close();
}
