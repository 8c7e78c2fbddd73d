// A host that has no free file descriptor for a server at first, and then has.
import { closeSync, openSync } from "node:fs";
import { Easel } from "@easel/sdk";

const easel = new Easel();
const descriptors = [];
try {
  for (;;) descriptors.push(openSync("/dev/null", "r"));
} catch (error) {
  if (error.code !== "EMFILE") throw error;
}
const failed = await easel.info().catch((error) => error);
descriptors.forEach((descriptor) => closeSync(descriptor));
console.log(String(failed));
console.log(`Easel ${(await easel.info()).version}`);
await easel.close();
