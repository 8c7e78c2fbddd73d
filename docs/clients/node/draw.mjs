// Draws an image and prints the path of its file: node draw.mjs EASEL PROMPT
import { Client, text } from "./easel_client.mjs";

const [easel, prompt] = process.argv.slice(2);
const client = await Client.spawn(easel);
const { thread } = await client.request("thread/start");
const turn = await client.startTurn(thread.id, text(prompt));
for (const image of await client.finishTurn(thread.id, turn)) console.log(image.path);
await client.close();
