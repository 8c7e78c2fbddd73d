// Fills a home with images through the app-server: drawn and edited ones by the preview, and any number of copies of
// them by a provider that bills.
//
//     node seed.mjs EASEL HOME NUMBER [DAYS]
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

import { startStudio } from "./studio.mjs";

const SUBJECTS = [
  "a lighthouse at dusk", "a red fox in fresh snow", "three green hills under a blue sky", "a city at night",
  "a yellow sun over the sea", "a purple mountain", "an orange boat on a lake", "a white house with a red roof",
];
/** Prompts that would be markup if a page did not treat them as text. */
export const HOSTILE = [
  `<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>`,
  `</script><script>window.hacked=3</script><!-- <svg onload="window.hacked=4">`,
];

/** A client of an app-server. */
export class Client {
  #child;
  #waiting = new Map();
  #id = 0;

  constructor(easel, home, day) {
    const command = [easel, "app-server", "--enable", "imagegenext"];
    // Without faketime, all images are of today.
    if (day && hasFaketime()) command.unshift("faketime", "-f", `@${day} 12:00:00`);
    const env = { ...process.env, EASEL_HOME: home, TZ: "UTC" };
    this.#child = spawn(command[0], command.slice(1), { env, stdio: ["pipe", "pipe", "inherit"] });
    readline.createInterface({ input: this.#child.stdout }).on("line", (line) => {
      const message = JSON.parse(line);
      if (message.id === undefined || message.method !== undefined) return;
      const { resolve, reject } = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error) reject(new Error(JSON.stringify(message.error)));
      else resolve(message.result);
    });
  }

  async open() {
    const clientInfo = { name: "gallery_tests", title: null, version: "1" };
    await this.request("initialize", { clientInfo, capabilities: { imageResult: "none" } });
    return this;
  }

  request(method, params) {
    const id = ++this.#id;
    const response = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#child.stdin.write(`${JSON.stringify({ id, method, params })}\n`);
    return response;
  }

  async start(provider, name) {
    const { thread } = await this.request("thread/start", { modelProvider: provider });
    await this.request("thread/name/set", { threadId: thread.id, name });
    return thread.id;
  }

  /** Calls the image tool, and returns the records of the images. */
  async draw(threadId, args) {
    const callId = `call_${++this.#id}_${process.pid}`;
    const params = { threadId, callId, tool: "imagegen", namespace: "image_gen", arguments: args, pictures: "none" };
    const result = await this.request("tool/call", params);
    const images = result._meta?.["easel/images"] ?? result.images ?? [];
    if (images.length === 0) throw new Error(`no image was made: ${JSON.stringify(result).slice(0, 600)}`);
    return images;
  }

  close() {
    this.#child.stdin.end();
    return new Promise((resolve) => this.#child.on("exit", resolve));
  }
}

function hasFaketime() {
  return spawnSync("faketime", ["--version"]).error === undefined;
}

function config(url) {
  return [
    'model_provider = "preview"',
    "[limits]\nimages_per_turn = 1000",
    '[prices."studio-image-1"]\nimage = 0.04',
    `[model_providers.studio]\npreset = "generic"\nbase_url = "${url}"\nimage_model = "studio-image-1"\n`,
  ].join("\n");
}

/** Fills a home with `count` images of the last `days` days. */
export async function seed(easel, home, count, days) {
  fs.mkdirSync(home, { recursive: true });
  const write = (url) => fs.writeFileSync(path.join(home, "config.toml"), config(url));
  write("http://127.0.0.1:9/v1");
  const dates = Array.from({ length: days }, (_, ago) => new Date(Date.now() - (days - ago) * 864e5));
  const names = dates.map((date) => date.toISOString().slice(0, 10));

  // Pictures of the preview: one with two generations of edits, and the hostile prompts.
  const first = await new Client(easel, home, names[0]).open();
  const hills = await first.start("preview", "Landscapes");
  const pictures = [];
  for (const subject of SUBJECTS) {
    const [image] = await first.draw(hills, { prompt: subject, size: "512x512" });
    pictures.push(fs.readFileSync(image.path).toString("base64"));
  }
  for (const prompt of HOSTILE) await first.draw(hills, { prompt, size: "512x512" });
  await first.close();

  const studio = await startStudio(pictures);
  write(studio.url);
  let left = count - SUBJECTS.length - HOSTILE.length - 3;
  for (const [index, day] of names.entries()) {
    const client = await new Client(easel, home, day).open();
    const threadId = await client.start("studio", `Studio ${day}`);
    let ofDay = Math.min(Math.ceil((left / (names.length - index)) * (0.6 + 0.2 * (index % 5))), left);
    if (index === names.length - 1) ofDay = left;
    left -= ofDay;
    while (ofDay > 0) {
      const n = Math.min(10, ofDay);
      const prompt = `${SUBJECTS[ofDay % SUBJECTS.length]}, variant ${left + ofDay}`;
      await client.draw(threadId, { prompt, n });
      ofDay -= n;
    }
    if (index === names.length - 1) {
      // The newest images are a chain of edits.
      const edits = await client.start("preview", "A chain of edits");
      const [original] = await client.draw(edits, { prompt: "a small boat on a calm sea", size: "1024x768" });
      const [night] = await client.draw(edits, { prompt: "make it night", images: [original.id], action: "edit" });
      await client.draw(edits, { prompt: "make the boat red", images: [night.id], action: "edit" });
    }
    await client.close();
  }
  studio.close();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [easel, home, count, days = "1"] = process.argv.slice(2);
  await seed(easel, home, Number(count), Number(days));
}
