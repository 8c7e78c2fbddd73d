// Kills the server in the middle of an image, and finds the turn again in a new one: node recover.mjs EASEL PROMPT
// The preview provider is too fast to be interrupted; the README says how to make it slow.
import { Client, EaselError, text } from "./easel_client.mjs";

const [easel, prompt] = process.argv.slice(2);
const first = await Client.spawn(easel);
const started = (await first.request("thread/start")).thread.id;
const turnId = await first.startTurn(started, text(prompt));
for (;;) {
  const { method, params } = await first.nextEvent();
  if (method === "item/started" && params.item.type === "imageGeneration") break;
}
first.process.kill("SIGKILL");
const failure = await first.finishTurn(started, turnId).catch((error) => error);
if (!(failure instanceof EaselError)) throw new Error("the turn ended before the server was killed");
console.log(failure.message);

// Everything that was confirmed is stored. A new server closes what the old one left open.
const client = await Client.spawn(easel);
const { thread } = await client.request("thread/resume", { threadId: started });
const last = thread.turns.at(-1);
console.log(`turn: ${last.status}`);
for (const item of last.items.filter((item) => item.type === "imageGeneration")) {
  console.log(`image: ${item.status}, billed: ${item.error.billed}`);
  console.log(item.error.message);
}
await client.close();
