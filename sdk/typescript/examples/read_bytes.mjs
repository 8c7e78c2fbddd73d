// Draws an image, and gets its bytes and a preview over the connection: node read_bytes.mjs PROMPT OUTPUT COPY
// The server writes the file COPY, and this program the file OUTPUT.
import { writeFile } from "node:fs/promises";
import { Easel } from "@easel/sdk";

const [prompt = "a red square", output = "image.png", copy = "copy.png"] = process.argv.slice(2);
const easel = new Easel();
try {
  const thread = await easel.startThread();
  for (const image of (await thread.run(prompt)).images) {
    const bytes = await image.bytes();
    await writeFile(output, bytes, { flag: "wx" });
    const preview = await image.preview({ maxEdge: 256 });
    console.log(`${bytes.length} bytes of ${image.mediaType}; preview ${preview.width}x${preview.height}`);
    console.log(await image.export(copy));
  }
} finally {
  await easel.close();
}
