// What the tests share: homes, a slow provider, examples as processes, and waiting without a fixed pause.
import { execFile, spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Easel, MINIMUM_VERSION } from "@easel/sdk";

/** The executable under test. */
export const EASEL = process.env.EASEL_BINARY ?? "";
if (EASEL === "") throw new Error("set EASEL_BINARY to the executable");

/** A provider that takes ten minutes, and counts as one that bills. */
export const SLOW = `model_provider = "slow"
[model_providers.slow]
preset = "preview"
delay_ms = 600000
bills = true
`;

/** Calls `test` with an empty folder, which is deleted afterwards. */
export async function inFolder(test) {
  const folder = await mkdtemp(join(tmpdir(), "easel-sdk-"));
  try {
    return await test(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Calls `test` with an Easel whose home has this `config.toml`, and closes it. */
export function withEasel(test, { toml = "", ...options } = {}) {
  return inFolder(async (folder) => {
    await writeFile(join(folder, "config.toml"), toml);
    const easel = new Easel({ home: folder, ...options });
    try {
      return await test(easel, folder);
    } finally {
      await easel.close();
    }
  });
}

/** Writes an executable Node.js script. */
export async function writeScript(path, code) {
  await writeFile(path, `#!${process.execPath}\n${code}`);
  await chmod(path, 0o755);
  return path;
}

/** Runs an example in a folder, whose subfolder `home` is Easel's home, and returns its output. */
export function runExample(name, folder, ...args) {
  const script = fileURLToPath(new URL(`../examples/${name}.mjs`, import.meta.url));
  const options = { cwd: folder, env: { ...process.env, EASEL_HOME: join(folder, "home") }, timeout: 60_000 };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script, ...args], options, (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout.trim().split("\n"));
    });
  });
}

/** Starts a server that listens on a socket, and waits until it accepts connections. */
export async function listen(folder) {
  const socket = join(folder, "easel.sock");
  const env = { ...process.env, EASEL_HOME: join(folder, "home") };
  const args = ["app-server", "--enable", "imagegenext", "--listen", `unix://${socket}`];
  const server = spawn(EASEL, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  await new Promise((resolve, reject) => {
    server.stderr.on("data", (text) => String(text).includes("listening on") && resolve());
    server.on("exit", () => reject(new Error("the server does not listen")));
  });
  return { socket, server };
}

/** Waits until a condition is met. The test runner's limit of time ends a wait that is in vain. */
export async function until(condition) {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Whether a process runs. One that has ended and was not waited for counts as ended. */
export function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Waits for the start of the image call of a turn. */
export async function imageStarted(turn) {
  // A loop that is left would end the events.
  const events = turn[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await events.next();
    if (done) throw new Error("the turn has no image call");
    if (value.method === "item/started" && value.params.item.type === "imageGeneration") return;
  }
}

/** A server that never answers. */
export const SILENT = "process.stdin.resume();";

/**
 * A server of a version, which is not Easel if it is `null`. It runs `then` for each request after `initialize` and
 * `thread/start`, and appends all that it receives to `easel.log` beside itself.
 */
export const fake = (then = "", version = MINIMUM_VERSION) => `
const { appendFileSync } = require("node:fs");
const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  appendFileSync(__filename + ".log", line + "\\n");
  const { id, method, params } = JSON.parse(line);
  const answer = (result) => console.log(JSON.stringify({ id, result }));
  const send = (method, params) => console.log(JSON.stringify({ method, params }));
  const userAgent = ${JSON.stringify(`x/1 (linux; x86_64) ${version === null ? "codex" : `easel/${version}`}`)};
  if (method === "initialize") answer({ userAgent, codexHome: "/", tools: [] });
  else if (method === "thread/start") answer({ thread: { id: "t" } });
  else { ${then} }
});`;

/** Calls `check` with an Easel whose server is this script, and with a function that returns what it has received. */
export function withFake(code, check, options = {}) {
  return inFolder(async (folder) => {
    const binary = await writeScript(join(folder, "easel"), code);
    const easel = new Easel({ binary, ...options });
    const received = async () => {
      const log = await readFile(`${binary}.log`, "utf8").catch(() => "");
      return log
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    };
    try {
      await check(easel, received, folder);
    } finally {
      await easel.close();
    }
  });
}
