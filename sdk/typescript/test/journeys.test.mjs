// Each example does what its first line says.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { inFolder, listen, runExample, SLOW } from "./harness.mjs";

const PROMPT = "a red square";
const PNG = "89504e470d0a1a0a";

async function assertPng(path) {
  assert.equal((await readFile(path)).subarray(0, 8).toString("hex"), PNG);
}

/** The last word of a line. */
const pathOf = (line) => line.split(" ").at(-1);

async function writeConfig(folder, config) {
  await mkdir(join(folder, "home"));
  await writeFile(join(folder, "home", "config.toml"), config);
}

test("draw prints the path of an image", () =>
  inFolder(async (folder) => {
    const [path, ...rest] = await runExample("draw", folder, PROMPT);
    await assertPng(path);
    assert.deepEqual(rest, []);
  }));

test("edit uses a local file, then its result", () =>
  inFolder(async (folder) => {
    const [path] = await runExample("draw", folder, PROMPT);
    await writeFile(join(folder, "red.png"), await readFile(path));
    const lines = await runExample("edit", folder, "red.png", "make it blue", "make it green");
    assert.equal(lines.length, 2);
    for (const line of lines) await assertPng(line.slice(0, line.indexOf(" made from 1 image")));
  }));

test("progress shows three previews before the image", () =>
  inFolder(async (folder) => {
    const lines = await runExample("progress", folder, PROMPT);
    const starts = ["started", "preview 0 ", "preview 1 ", "preview 2 ", "Here is your picture", "completed "];
    assert.equal(lines.length, starts.length, lines.join("\n"));
    starts.forEach((start, index) => assert.ok(lines[index].startsWith(start), lines[index]));
    await assertPng(pathOf(lines[5]));
  }));

test("cancel says what may be billed", () =>
  inFolder(async (folder) => {
    await writeConfig(folder, SLOW);
    const [line] = await runExample("cancel", folder, PROMPT);
    assert.match(line, /^cancelled, billed: (no|uncertain), images to keep: 0$/);
  }));

test("bytes and copy are the same, and list_images names them", () =>
  inFolder(async (folder) => {
    const [line, copy] = await runExample("read_bytes", folder, PROMPT, "a.png", "b.png");
    const bytes = await readFile(join(folder, "a.png"));
    assert.equal(line, `${bytes.length} bytes of image/png; preview 256x256`);
    assert.deepEqual(await readFile(copy), bytes);
    // A file that exists is not overwritten.
    await assert.rejects(runExample("read_bytes", folder, PROMPT, "a.png", "c.png"), /EEXIST/);
    const lines = await runExample("list_images", folder);
    assert.equal(lines.length, 3);
    assert.deepEqual(await readFile(pathOf(lines[1])), bytes);
    assert.match(lines[2], /^2 images, /);
  }));

test("recover finds the interrupted turn once", () =>
  inFolder(async (folder) => {
    await writeConfig(folder, SLOW);
    const lines = await runExample("recover", folder, PROMPT);
    assert.match(lines[0], /^the turn \S+ was not finished: the server ended with signal SIGKILL/);
    assert.equal(lines.at(-2), "turn: interrupted");
    assert.match(lines.at(-1), /^image: failed, billed: (no|uncertain)$/);
    assert.equal(lines.filter((line) => line.startsWith("turn: ")).length, 1);
  }));

test("share shows the image in both clients", { skip: process.platform === "win32" }, () =>
  inFolder(async (folder) => {
    const { socket, server } = await listen(folder);
    try {
      const [artist, viewer] = await runExample("share", folder, socket, PROMPT);
      assert.equal(artist.replace("artist", "viewer"), viewer);
      await assertPng(pathOf(artist));
    } finally {
      server.kill();
    }
  }),
);

test("README shows every example as it is", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const examples = new URL("../examples/", import.meta.url);
  for (const name of await readdir(examples)) {
    const code = await readFile(new URL(name, examples), "utf8");
    assert.ok(readme.includes("```javascript\n" + code + "```"), `README.md does not show ${name}`);
  }
});
