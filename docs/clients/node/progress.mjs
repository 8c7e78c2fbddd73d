// Prints the progress of an image, with up to three previews: node progress.mjs EASEL PROMPT
// OpenAI bills 100 output tokens for each preview.
import { Client, text } from "./easel_client.mjs";

function show(method, params) {
  if (method === "item/started" && params.item.type === "imageGeneration") {
    console.log("started");
  } else if (method === "item/imageGeneration/preview") {
    // The file exists until the next preview arrives or the item ends, so show it at once or copy it.
    console.log("preview", params.index, params.path);
  } else if (method === "item/agentMessage/delta") {
    process.stdout.write(params.delta);
  } else if (method === "turn/completed") {
    console.log();
  }
}

const [easel, prompt] = process.argv.slice(2);
const client = await Client.spawn(easel);
const { thread } = await client.request("thread/start", { config: { "images.partial_images": 3 } });
const turn = await client.startTurn(thread.id, text(prompt));
for (const image of await client.finishTurn(thread.id, turn, show)) console.log("completed", image.path);
await client.close();
