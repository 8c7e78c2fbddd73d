// Draws in one client and watches from another: node share.mjs EASEL SOCKET PROMPT
// Both are connected to one server, over the Unix socket at the path SOCKET.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Client, EaselError, text } from "./easel_client.mjs";

const [easel, path, prompt] = process.argv.slice(2);
const options = ["app-server", "--enable", "imagegenext", "--listen", `unix://${path}`];
const server = spawn(easel, options, { stdio: ["ignore", "ignore", "pipe"] });
try {
  // The server prints its address when it accepts connections.
  const log = createInterface({ input: server.stderr });
  await new Promise((listening, failed) => {
    log.on("line", (line) => line.includes("listening on") && listening());
    log.on("close", () => failed(new EaselError("the server does not listen")));
  });
  const clients = { artist: await Client.connect(path), viewer: await Client.connect(path) };
  const { thread } = await clients.artist.request("thread/start");
  await clients.viewer.request("thread/resume", { threadId: thread.id });
  const turn = await clients.artist.startTurn(thread.id, text(prompt));
  for (const [name, client] of Object.entries(clients)) {
    for (const image of await client.finishTurn(thread.id, turn)) console.log(name, image.path);
    await client.close();
  }
} finally {
  server.kill();
}
