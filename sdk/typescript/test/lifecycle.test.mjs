// The server starts with the first call, survives nothing by itself, and never outlives its client.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { EaselExitedError, inlineImage, TurnInterruptedError } from "@easel/sdk";
import { EASEL, fake, imageStarted, inFolder, isRunning, SLOW, until, withEasel, withFake } from "./harness.mjs";
import { noisePng } from "./png.mjs";

const PROMPT = "a red square";

async function turnsOf(thread) {
  const turns = [];
  for await (const turn of thread.turns()) turns.push(turn);
  return turns;
}

test("crash in a turn keeps the history and sends nothing again", () =>
  withEasel(
    async (easel, folder) => {
      const thread = await easel.startThread({ config: { model_provider: "slow" } });
      const { pid } = await easel.info();
      const turn = await thread.runStreamed(PROMPT);
      await imageStarted(turn);
      process.kill(pid, "SIGKILL");
      await assert.rejects(turn.result(), (error) => error instanceof EaselExitedError && error.signal === "SIGKILL");
      assert.deepEqual(
        (await turnsOf(thread)).map(({ status }) => status),
        ["interrupted"],
      );
      assert.notEqual((await easel.info()).pid, pid);
      // The thread goes on in the new server, with the configuration that it was started with.
      const controller = new AbortController();
      const next = await thread.runStreamed("a blue circle", { signal: controller.signal });
      await imageStarted(next);
      controller.abort();
      await assert.rejects(next.result(), TurnInterruptedError);
      assert.deepEqual(
        (await turnsOf(thread)).map(({ id }) => id),
        [turn.id, next.id],
      );
    },
    { toml: SLOW.replace('model_provider = "slow"\n', "") },
  ));

test("thread goes on after a crash between turns", () =>
  withEasel(async (easel) => {
    const thread = await easel.startThread();
    const first = await thread.run(PROMPT);
    const { pid } = await easel.info();
    process.kill(pid, "SIGKILL");
    await until(async () => (await easel.info().catch(() => ({ pid }))).pid !== pid);
    const second = await thread.run("make it blue");
    assert.equal(second.images[0].record.inputs.length, 1);
    assert.deepEqual(
      (await turnsOf(thread)).map(({ id }) => id),
      [first.turnId, second.turnId],
    );
    assert.equal((await first.images[0].bytes()).length, first.images[0].record.bytes);
  }));

test("crash ends the events of turn and thread with an error", () =>
  withEasel(
    async (easel) => {
      const thread = await easel.startThread();
      const { pid } = await easel.info();
      const events = await thread.events();
      const turn = await thread.runStreamed(PROMPT);
      await imageStarted(turn);
      process.kill(pid, "SIGKILL");
      for (const iterable of [events, turn]) {
        await assert.rejects(async () => {
          for await (const event of iterable) assert.notEqual(event.method, "turn/completed");
        }, EaselExitedError);
      }
    },
    { toml: SLOW },
  ));

test("abort interrupts the turn, and its reason is the cause", () =>
  withEasel(
    async (easel) => {
      const thread = await easel.startThread();
      const controller = new AbortController();
      const reason = new Error("the user left");
      const events = await thread.events();
      const run = thread.run(PROMPT, { signal: controller.signal });
      for await (const { method, params } of events) {
        if (method === "item/started" && params.item.type === "imageGeneration") break;
      }
      controller.abort(reason);
      await assert.rejects(run, (error) => {
        assert.ok(error instanceof TurnInterruptedError);
        assert.deepEqual(
          [error.cause, error.billed, error.result.failures[0].kind],
          [reason, error.result.failures[0].billed, "interrupted"],
        );
        return true;
      });
      await assert.rejects(thread.run(PROMPT, { signal: controller.signal }), reason);
      assert.equal((await turnsOf(thread)).length, 1);
    },
    { toml: SLOW },
  ));

test("interrupt of a turn that has ended does nothing", () =>
  withEasel(async (easel) => {
    const thread = await easel.startThread();
    const turn = await thread.runStreamed(PROMPT);
    const { images } = await turn.result();
    await turn.interrupt();
    assert.equal(images.length, 1);
  }));

test("image in many chunks has the bytes of its file", () =>
  withEasel(async (easel) => {
    const thread = await easel.startThread();
    const photo = inlineImage(noisePng(1024, randomBytes), "image/png");
    const [image] = (await thread.run(["put this on a wall, 2048x2048", photo])).images;
    const bytes = await image.bytes();
    assert.ok(bytes.length > 2_000_000, `${bytes.length} bytes`);
    assert.equal(createHash("sha256").update(bytes).digest("hex"), image.record.sha256);
    assert.deepEqual(Buffer.from(bytes), await readFile(image.path));
  }));

test("close ends the server, and later calls fail", () =>
  withEasel(async (easel) => {
    const { pid } = await easel.info();
    await easel.close();
    assert.ok(!isRunning(pid));
    await assert.rejects(easel.info(), /is closed/);
  }));

test("close without a server starts none", () => withEasel(async (easel) => easel.close()));

test("two calls at once start one server", () =>
  withEasel(async (easel) => {
    const [one, two] = await Promise.all([easel.startThread(), easel.startThread()]);
    const { data } = await easel.request("thread/loaded/list", {});
    assert.deepEqual(new Set(data), new Set([one.id, two.id]));
  }));

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"]) {
  test(`server ends with a host that gets ${signal}`, { skip: process.platform === "win32" }, () =>
    inFolder(async (folder) => {
      const script = fileURLToPath(new URL("host.mjs", import.meta.url));
      const env = { ...process.env, EASEL_HOME: folder, EASEL_BINARY: EASEL };
      const host = spawn(process.execPath, [script], { env, stdio: ["ignore", "pipe", "inherit"] });
      const pid = Number(await new Promise((resolve) => host.stdout.once("data", resolve)));
      assert.ok(isRunning(pid));
      host.kill(signal);
      await until(() => !isRunning(pid));
    }),
  );
}

test("home with a config is used, and options override it", () =>
  withEasel(
    async (easel, folder) => {
      await writeFile(join(folder, "config.toml"), "images.partial_images = 1\n");
      const { config } = await easel.request("config/read", {});
      assert.deepEqual([config["images"]["partial_images"], config["images"]["parallel"]], [1, 2]);
    },
    { config: { "images.parallel": 2 } },
  ));

test("every character of an option arrives", () => {
  const text = '"é😀\\\n\t';
  return withEasel(
    async (easel) => {
      const { config } = await easel.request("config/read", {});
      assert.equal(config["developer_instructions"], text);
    },
    { config: { developer_instructions: text } },
  );
});

test("control character of an option is escaped", () => {
  const code = `require("node:fs").writeFileSync(__filename + ".args", process.argv.at(-1)); ${fake()}`;
  return withFake(
    code,
    async (easel, _, folder) => {
      await easel.info();
      assert.equal(await readFile(join(folder, "easel.args"), "utf8"), 'x="\\u0001\\u007f"');
    },
    { config: { x: "\u0001\u007f" } },
  );
});
