// Spawns Easel, draws one image and prints its path: node --experimental-strip-types draw.ts EASEL PROMPT
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Event, Message, Methods } from "../../schema/easel_app_server.ts";

const [easel, prompt] = process.argv.slice(2);
if (easel === undefined || prompt === undefined) throw new Error("usage: draw.ts EASEL PROMPT");
const server = spawn(easel, ["app-server", "--enable", "imagegenext"], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
const events: Event[] = [];
let lastId = 0;

async function read(): Promise<Message> {
  const { value, done } = await lines.next();
  if (done) throw new Error("the server closed the connection");
  return JSON.parse(value);
}

async function request<M extends keyof Methods>(
  method: M,
  params: Methods[M]["params"],
): Promise<Methods[M]["response"]> {
  const id = ++lastId;
  server.stdin.write(JSON.stringify({ id, method, params }) + "\n");
  for (;;) {
    const message = await read();
    if ("error" in message) throw new Error(`${method}: ${message.error.message}`);
    if ("result" in message) return message.result as Methods[M]["response"];
    events.push(message as Event);
  }
}

await request("initialize", { clientInfo: { name: "draw", version: "1.0.0" } });
const { thread } = await request("thread/start", {});
await request("turn/start", { threadId: thread.id, input: [{ type: "text", text: prompt }] });
let images = 0;
for (;;) {
  const event = events.shift() ?? ((await read()) as Event);
  if (event.method === "item/completed" && event.params.item.type === "imageGeneration") {
    const { error, savedPath } = event.params.item;
    if (error) throw new Error(error.message);
    console.log(savedPath);
    images += 1;
  } else if (event.method === "turn/completed") {
    const { status, error } = event.params.turn;
    if (status !== "completed") throw new Error(error?.message ?? `the turn is ${status}`);
    break;
  }
}
if (images === 0) throw new Error("the model answered without an image");
server.stdin.end();
