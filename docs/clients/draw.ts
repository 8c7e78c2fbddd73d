// Spawns Easel, draws one image and prints its path: node --experimental-strip-types draw.ts EASEL PROMPT
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Event, Methods } from "../../schema/easel_app_server.ts";

const [easel, prompt] = process.argv.slice(2);
const server = spawn(easel, ["app-server", "--enable", "imagegenext"], { stdio: ["pipe", "pipe", "inherit"] });
const pending = new Map<number, [(result: any) => void, (error: Error) => void]>();
let lastId = 0;

function request<M extends keyof Methods>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["response"]> {
  server.stdin.write(JSON.stringify({ id: ++lastId, method, params }) + "\n");
  return new Promise((resolve, reject) => pending.set(lastId, [resolve, reject]));
}

function onEvent(event: Event) {
  if (event.method === "item/completed" && event.params.item.type === "imageGeneration") {
    console.log(event.params.item.savedPath ?? event.params.item.error?.message);
  } else if (event.method === "turn/completed") {
    server.stdin.end();
  }
}

createInterface({ input: server.stdout }).on("line", (line) => {
  const message = JSON.parse(line);
  if (message.method) return onEvent(message);
  const [resolve, reject] = pending.get(message.id)!;
  pending.delete(message.id);
  message.error ? reject(new Error(message.error.message)) : resolve(message.result);
});

await request("initialize", { clientInfo: { name: "draw", version: "1.0.0" } });
const { thread } = await request("thread/start", {});
await request("turn/start", { threadId: thread.id, input: [{ type: "text", text: prompt, text_elements: [] }] });
