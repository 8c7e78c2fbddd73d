// Starts an image and cancels it at once: node cancel.mjs EASEL PROMPT
// The preview provider is too fast to be cancelled; the README says how to make it slow.
import { Client, EaselError, text } from "./easel_client.mjs";

const [easel, prompt] = process.argv.slice(2);
const client = await Client.spawn(easel);
const { thread } = await client.request("thread/start");
const turnId = await client.startTurn(thread.id, text(prompt));
for (;;) {
  const { method, params } = await client.nextEvent();
  if (method === "item/started" && params.item.type === "imageGeneration") {
    await client.request("turn/interrupt", { threadId: thread.id, turnId });
  } else if (method === "item/completed" && params.item.type === "imageGeneration") {
    const { status, error } = params.item;
    if (!error) throw new EaselError("the image was completed before it was cancelled");
    console.log(`image: ${status}, ${error.kind}, billed: ${error.billed}`);
  } else if (method === "turn/completed") {
    console.log(`turn: ${params.turn.status}`);
    break;
  }
}
await client.close();
