// Prints the progress of an image, with up to three previews: node progress.mjs PROMPT
// OpenAI bills 100 output tokens for each preview.
import { Easel } from "@easel/sdk";

const [prompt = "a red square"] = process.argv.slice(2);
const easel = new Easel();
try {
  const thread = await easel.startThread({ config: { "images.partial_images": 3 } });
  const turn = await thread.runStreamed(prompt);
  for await (const { method, params } of turn) {
    if (method === "item/started" && params.item.type === "imageGeneration") {
      console.log("started");
    } else if (method === "item/imageGeneration/preview") {
      // The file exists until the next preview arrives or the item ends, so show it at once or copy it.
      console.log("preview", params.index, params.path);
    } else if (method === "item/agentMessage/delta") {
      process.stdout.write(params.delta);
    }
  }
  const { images } = await turn.result();
  for (const image of images) console.log("\ncompleted", image.path);
} finally {
  await easel.close();
}
