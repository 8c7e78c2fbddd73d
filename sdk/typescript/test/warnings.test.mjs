// What the server warns about reaches the program, also before it reads any events.
import assert from "node:assert/strict";
import { basename } from "node:path";
import test from "node:test";
import { EaselWarning } from "@easel/sdk";
import { fake, until, withEasel, withFake } from "./harness.mjs";

const TYPO = { "limits.images_per_dy": 1 };
const ADVICE = /`limits\.images_per_dy` .*was ignored; did you mean `limits\.images_per_day`\?/;

/** The warning about the key in `TYPO`. */
const find = (warnings) => warnings.find(({ message }) => ADVICE.test(message));

/** Calls `check` with an array of the warnings that the process emits meanwhile. */
async function withEmitted(check) {
  const emitted = [];
  const onWarning = (warning) => emitted.push(warning);
  process.on("warning", onWarning);
  try {
    await check(emitted);
  } finally {
    process.off("warning", onWarning);
  }
}

test("misspelled limit of the server is a warning", () => {
  const warnings = [];
  return withEasel(
    async (easel) => {
      await easel.info();
      await easel.close();
      const warning = find(warnings);
      assert.ok(warning instanceof EaselWarning);
      assert.match(warning.summary, /on the command line/);
      assert.deepEqual([warning.details, warning.path, warning.threadId], [null, null, null]);
    },
    { config: TYPO, onWarning: (warning) => warnings.push(warning) },
  );
});

test("misspelled limit of a thread is a warning", () => {
  const warnings = [];
  return withEasel(
    async (easel) => {
      await easel.startThread({ config: TYPO });
      await easel.close();
      // Warnings that arrive while the server ends are not lost.
      assert.match(find(warnings).summary, /in the thread's configuration/);
    },
    { onWarning: (warning) => warnings.push(warning) },
  );
});

test("misspelled key of the file is a warning that names the file", () => {
  const warnings = [];
  return withEasel(
    async (easel, folder) => {
      await easel.info();
      await easel.close();
      assert.ok(find(warnings).path?.endsWith("config.toml"), find(warnings).path);
      assert.ok(find(warnings).path.includes(basename(folder)));
    },
    { toml: "limits.images_per_dy = 1\n", onWarning: (warning) => warnings.push(warning) },
  );
});

test("warning is emitted by the process without the option", () =>
  withEmitted((emitted) =>
    withEasel(
      async (easel) => {
        await easel.info();
        await easel.close();
        assert.equal(find(emitted).name, "EaselWarning");
      },
      { config: TYPO },
    ),
  ));

test("warning of a turn arrives before anyone reads its events", () => {
  const warnings = [];
  return withFake(
    fake(`
    send("configWarning", { summary: "One.", details: "Two." });
    send("warning", { threadId: "t", message: "no hosted tool" });
    answer({ turn: { id: "u" } });
    send("turn/completed", { threadId: "t", turn: { id: "u", status: "completed", error: null } });`),
    async (easel) => {
      const thread = await easel.startThread();
      await thread.run("a cat");
      const found = warnings.map(({ message, threadId }) => [message, threadId]);
      assert.deepEqual(found, [
        ["One. Two.", null],
        ["no hosted tool", "t"],
      ]);
      assert.equal(warnings[0].details, "Two.");
    },
    { onWarning: (warning) => warnings.push(warning) },
  );
});

for (const [name, onWarning] of [
  [
    "throws",
    () => {
      throw new Error("full");
    },
  ],
  ["rejects", async () => Promise.reject(new Error("full"))],
]) {
  test(`function that ${name} loses neither the warning nor the server`, { timeout: 60_000 }, () =>
    withEmitted((emitted) =>
      withEasel(
        async (easel) => {
          const { pid } = await easel.info();
          await until(() => find(emitted));
          assert.match(find(emitted).message, /onWarning failed: Error: full/);
          assert.equal((await easel.info()).pid, pid);
        },
        { config: TYPO, onWarning },
      ),
    ),
  );
}
