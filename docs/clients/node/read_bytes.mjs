// Draws an image and reads its bytes over the connection: node read_bytes.mjs EASEL PROMPT OUTPUT
// For clients that cannot read the file, such as one in a container. `image/export` copies a file on the server's side.
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { Client, EaselError, text } from "./easel_client.mjs";

const [easel, prompt, output] = process.argv.slice(2);
const client = await Client.spawn(easel);
const { thread } = await client.request("thread/start");
const [image] = await client.finishTurn(thread.id, await client.startTurn(thread.id, text(prompt)));
const chunks = [];
for (let offset = 0; offset !== null; ) {
  // Up to 8,388,608 bytes at once. Without `length` it is 32,768.
  const { chunk } = await client.request("image/read", { imageId: image.id, offset, length: 1 << 20 });
  chunks.push(Buffer.from(chunk.data, "base64"));
  offset = chunk.nextOffset;
}
const content = Buffer.concat(chunks);
if (createHash("sha256").update(content).digest("hex") !== image.sha256) {
  throw new EaselError("the bytes are not those of the image");
}
await writeFile(output, content, { flag: "wx" });
console.log(`${content.length} bytes, ${image.mediaType}`);
await client.close();
