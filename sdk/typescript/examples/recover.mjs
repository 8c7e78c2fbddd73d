// Kills the server in the middle of an image, and goes on in a new one: node recover.mjs PROMPT
// The preview provider is too fast to be interrupted; the README of Easel says how to make it slow.
import { Easel, EaselExitedError } from "@easel/sdk";

const [prompt = "a red square"] = process.argv.slice(2);
const easel = new Easel();
try {
  const thread = await easel.startThread();
  const { pid } = await easel.info();
  const turn = await thread.runStreamed(prompt);
  try {
    for await (const { method, params } of turn) {
      if (method === "item/started" && params.item.type === "imageGeneration" && pid) process.kill(pid, "SIGKILL");
    }
    throw new Error("the turn ended before the server was killed");
  } catch (error) {
    if (!(error instanceof EaselExitedError)) throw error;
    console.log(error.message);
  }
  // This starts a new server, which has closed what the old one left open. Nothing is sent again by itself.
  for await (const { status, items } of thread.turns({ newestFirst: true })) {
    console.log(`turn: ${status}`);
    for (const item of items) {
      if (item.type === "imageGeneration") console.log(`image: ${item.status}, billed: ${item.error?.billed}`);
    }
  }
} finally {
  await easel.close();
}
