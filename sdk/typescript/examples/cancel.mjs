// Starts an image, cancels it and says what may be billed: node cancel.mjs PROMPT
// The preview provider is too fast to be cancelled; the README of Easel says how to make it slow.
import { Easel, TurnInterruptedError } from "@easel/sdk";

const [prompt = "a red square"] = process.argv.slice(2);
const easel = new Easel();
try {
  const thread = await easel.startThread();
  const controller = new AbortController();
  const turn = await thread.runStreamed(prompt, { signal: controller.signal });
  for await (const { method, params } of turn) {
    if (method === "item/started" && params.item.type === "imageGeneration") controller.abort();
  }
  await turn.result();
  console.log("the image was completed before it was cancelled");
} catch (error) {
  if (!(error instanceof TurnInterruptedError)) throw error;
  console.log(`cancelled, billed: ${error.billed}, images to keep: ${error.result.images.length}`);
} finally {
  await easel.close();
}
