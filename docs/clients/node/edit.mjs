// Edits a local image and prints the path of the result: node edit.mjs EASEL IMAGE PROMPT
// A later turn of the same thread can edit the result without naming it: "now make it blue".
import { Client, localImage, text } from "./easel_client.mjs";

const [easel, source, prompt] = process.argv.slice(2);
const client = await Client.spawn(easel);
const { thread } = await client.request("thread/start");
const turn = await client.startTurn(thread.id, text(prompt), localImage(source));
for (const image of await client.finishTurn(thread.id, turn)) {
  console.log(`${image.path} made from ${image.inputs.length} image`);
}
await client.close();
