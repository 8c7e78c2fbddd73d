// Lists the images of all threads, newest first: node list_images.mjs EASEL
import { Client } from "./easel_client.mjs";

const [easel] = process.argv.slice(2);
const client = await Client.spawn(easel);
let cursor = null;
do {
  const page = await client.request("image/list", { cursor, limit: 50 });
  for (const { threadId, itemId, image } of page.data) {
    // Item ids are unique only in their thread, so a key needs both. The handle `id` of an image is unique.
    console.log(image.id, threadId, itemId, image.path);
  }
  cursor = page.nextCursor;
} while (cursor !== null);
await client.close();
