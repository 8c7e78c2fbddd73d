// Servers that end, stop or write something wrong while a turn runs: nothing is sent again, and no call waits for ever.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { EaselExitedError, ProtocolError } from "@easel/sdk";
import { fake, isRunning, SILENT, until, withEasel, withFake } from "./harness.mjs";

const methodsOf = (lines) => lines.map(({ method }) => method).filter((method) => method !== "initialize");

/** Calls `check` after making every timer of 10 s a short one. */
async function withShortGrace(check) {
  const start = globalThis.setTimeout;
  globalThis.setTimeout = (callback, ms, ...rest) => start(callback, ms === 10_000 ? 50 : ms, ...rest);
  try {
    await check();
  } finally {
    globalThis.setTimeout = start;
  }
}

test("crash before the response of a turn sends nothing again", () =>
  withFake(fake('if (method === "turn/start") process.exit(5); else answer({});'), async (easel, received) => {
    const thread = await easel.startThread();
    await assert.rejects(thread.run("a cat"), (error) => error instanceof EaselExitedError && error.exitCode === 5);
    await thread.events();
    assert.deepEqual(methodsOf(await received()), ["thread/start", "turn/start", "thread/resume"]);
  }));

test("thread comes again without the model that it may no longer have", () =>
  withFake(fake('if (method === "thread/list") process.exit(0); else answer({});'), async (easel, received) => {
    const config = { "images.parallel": 1 };
    const thread = await easel.resumeThread("t", { model: "m", modelProvider: "p", cwd: "/", config });
    await assert.rejects(easel.request("thread/list", {}), EaselExitedError);
    await thread.events();
    const [first, second] = (await received()).filter(({ method }) => method === "thread/resume");
    assert.equal(first.params.model, "m");
    assert.deepEqual(second.params, { threadId: "t", excludeTurns: true, config });
  }));

test("abort while a turn starts interrupts it", () =>
  withFake(
    fake(`
    if (method === "turn/start") {
      send("starting", {});
      const timer = setInterval(() => {
        if (!require("node:fs").existsSync(__filename + ".go")) return;
        clearInterval(timer);
        answer({ turn: { id: "u" } });
      }, 10);
    } else if (method === "turn/interrupt") {
      answer({});
      send("turn/completed", { threadId: "t", turn: { id: "u", status: "interrupted", error: null } });
    }`),
    async (easel, received, folder) => {
      const thread = await easel.startThread();
      const controller = new AbortController();
      const run = thread.run("a cat", { signal: controller.signal });
      await until(async () => methodsOf(await received()).includes("turn/start"));
      controller.abort(new Error("left"));
      await writeFile(join(folder, "easel.go"), "");
      await assert.rejects(run, { name: "TurnInterruptedError" });
      assert.deepEqual(methodsOf(await received()), ["thread/start", "turn/start", "turn/interrupt"]);
    },
  ));

for (const [when, then] of [
  ["start", ""],
  ["end", 'if (method === "turn/start") answer({ turn: { id: "u" } });'],
]) {
  test(`abort does not wait for the ${when} of a turn for ever`, () =>
    withFake(
      fake(then),
      async (easel, received) => {
        const thread = await easel.startThread();
        const controller = new AbortController();
        const reason = new Error("left");
        await withShortGrace(async () => {
          const run = thread.run("a cat", { signal: controller.signal });
          await until(async () => methodsOf(await received()).includes("turn/start"));
          controller.abort(reason);
          await assert.rejects(run, (error) => error.cause === reason && /was aborted/.test(error.message));
        });
      },
      { closeTimeoutMs: 0 },
    ));
}

test("notification without params does not end the server", () =>
  withFake(
    fake(`
    answer({ turn: { id: "u" } });
    console.log('{"method":"a"}\\n{"method":"b","params":null}\\n{"method":"c","params":[]}');
    send("turn/completed", { threadId: "t", turn: { id: "u", status: "completed", error: null } });`),
    async (easel) => {
      const thread = await easel.startThread();
      const { pid } = await easel.info();
      assert.equal((await thread.run("a cat")).turnId, "u");
      assert.equal((await easel.info()).pid, pid);
    },
  ));

for (const [method, params] of [
  ["turn/completed", { threadId: "t", turn: null }],
  ["item/completed", { threadId: "t", turnId: "u" }],
]) {
  test(`${method} of another shape fails the turn and not the server`, () =>
    withFake(fake(`answer({ turn: { id: "u" } }); send("${method}", ${JSON.stringify(params)});`), async (easel) => {
      const thread = await easel.startThread();
      const { pid } = await easel.info();
      await assert.rejects(thread.run("a cat"), ProtocolError);
      assert.equal((await easel.info()).pid, pid);
    }));
}

test("result of another shape fails the request", () =>
  withFake(fake("answer({});"), async (easel) => {
    const thread = await easel.startThread();
    await assert.rejects(thread.run("a cat"), /^ProtocolError: turn\/start: /);
  }));

test("server that starts while another one ends is not forgotten", () => {
  const breaks = `
if (!require("node:fs").existsSync(__filename + ".broken")) {
  require("node:fs").writeFileSync(__filename + ".broken", "");
  console.log("hello");
}
${fake()}`;
  return withFake(breaks, async (easel) => {
    const pids = new Set();
    const calls = [];
    while (pids.size === 0) {
      const call = easel.info().then(({ pid }) => pids.add(pid));
      calls.push(call.catch(() => {}));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(calls);
    pids.add((await easel.info()).pid);
    assert.equal(pids.size, 1);
    await easel.close();
    assert.deepEqual([...pids].filter(isRunning), []);
  });
});

test("two calls during a start that fails start one server", () =>
  withFake(
    "require('node:fs').appendFileSync(__filename + '.log', '{}\\n'); process.exit(3);",
    async (easel, received) => {
      const calls = await Promise.allSettled([easel.info(), easel.startThread()]);
      for (const { reason } of calls) assert.ok(reason instanceof EaselExitedError);
      assert.equal((await received()).length, 1);
    },
  ));

test("close does not wait for a start", { timeout: 60_000 }, () =>
  withFake(
    SILENT,
    async (easel) => {
      const info = easel.info();
      const refused = assert.rejects(info, /was closed while it started/);
      await easel.close();
      await refused;
    },
    { startTimeoutMs: 600_000 },
  ),
);

test("endless time limits are no short ones", () => {
  const slow = `
process.stdin.on("end", () => setTimeout(() => require("node:fs").writeFileSync(__filename + ".ended", ""), 100));
${fake()}`;
  return withFake(
    slow,
    async (easel, _, folder) => {
      await easel.info();
      await easel.close();
      assert.ok(existsSync(join(folder, "easel.ended")));
    },
    { startTimeoutMs: Infinity, closeTimeoutMs: Infinity },
  );
});
