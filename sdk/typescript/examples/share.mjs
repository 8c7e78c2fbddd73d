// Draws in one client and watches from another: node share.mjs SOCKET PROMPT
// `easel app-server --enable imagegenext --listen unix://SOCKET` serves both.
import { Easel } from "@easel/sdk";

const [socket = "", prompt = "a red square"] = process.argv.slice(2);
const [artist, viewer] = [new Easel({ socket }), new Easel({ socket })];
try {
  const thread = await artist.startThread();
  const events = await (await viewer.resumeThread(thread.id)).events();
  const { images } = await thread.run(prompt);
  for (const image of images) console.log("artist", image.path);
  for await (const { method, params } of events) {
    if (method === "item/completed" && params.item.type === "imageGeneration")
      console.log("viewer", params.item.savedPath);
    if (method === "turn/completed") break;
  }
} finally {
  await Promise.all([artist.close(), viewer.close()]);
}
