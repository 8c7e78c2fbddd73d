// Draws an image and prints its path: node draw.mjs PROMPT
import { Easel } from "@easel/sdk";

const [prompt = "a red square"] = process.argv.slice(2);
const easel = new Easel();
try {
  const thread = await easel.startThread();
  const { images } = await thread.run(prompt);
  for (const image of images) console.log(image.path);
} finally {
  await easel.close();
}
