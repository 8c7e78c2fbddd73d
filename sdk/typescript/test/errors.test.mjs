// Every kind of failure is an error of its own, which says what happened.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import {
  EventOverflowError,
  ImageFailedError,
  ImageIntegrityError,
  InvalidParamsError,
  InvalidRequestError,
  RequestError,
  TurnFailedError,
} from "@easel/sdk";
import { inFolder, withEasel } from "./harness.mjs";

const PROMPT = "a red square";
const ASKS = 'approval = "always"\n';
const NO_KEY = `model_provider = "x"
[model_providers.x]
base_url = "http://127.0.0.1:9/v1"
env_key = "EASEL_SDK_NO_KEY"
`;

test("invalid param is named", () =>
  withEasel(async (easel) => {
    const thread = await easel.startThread();
    await assert.rejects(thread.run(["a cat", { type: "localImage", path: "relative.png" }]), (error) => {
      assert.ok(error instanceof InvalidParamsError && error instanceof RequestError);
      assert.deepEqual([error.code, error.field, error.method], [-32602, "input[1]", "turn/start"]);
      return true;
    });
  }));

test("stack of an error shows who has sent the request", () =>
  withEasel(async (easel) => {
    const thread = await easel.startThread();
    async function sendRequest() {
      await easel.request("thread/read", { threadId: "none" });
    }
    async function sendMessage() {
      await thread.run({ type: "localImage", path: "relative.png" });
    }
    await assert.rejects(sendRequest(), (error) => error.stack.includes("sendRequest"));
    await assert.rejects(sendMessage(), (error) => error.stack.includes("sendMessage"));
  }));

test("params that are not JSON fail without a trace", () =>
  withEasel(async (easel) => {
    await assert.rejects(easel.request("thread/read", { threadId: 1n }), TypeError);
    assert.equal((await easel.startThread()).id.length, 36);
  }));

test("unknown thread is an invalid request", () =>
  withEasel(async (easel) => {
    await assert.rejects(easel.resumeThread("019a0000-0000-7000-8000-000000000000"), InvalidRequestError);
  }));

test("unknown method is a request error", () =>
  withEasel(async (easel) => {
    await assert.rejects(easel.request("image/draw", {}), { name: "RequestError", code: -32601 });
  }));

test("turn without a credential fails with its kind", () =>
  withEasel(
    async (easel) => {
      const thread = await easel.startThread();
      await assert.rejects(thread.run(PROMPT), (error) => {
        assert.ok(error instanceof TurnFailedError);
        assert.match(error.message, /env_key/);
        assert.equal(error.result.images.length, 0);
        return true;
      });
    },
    { toml: NO_KEY },
  ));

test("image that a hook denies fails with its kind", { skip: process.platform === "win32" }, () =>
  withEasel(
    async (easel) => {
      const thread = await easel.startThread();
      await assert.rejects(thread.run(PROMPT), (error) => {
        assert.ok(error instanceof ImageFailedError);
        assert.deepEqual([error.error.kind, error.error.billed], ["hookDenied", "no"]);
        assert.equal(error.result.failures.length, 1);
        return true;
      });
    },
    { toml: '[[hooks.pre_tool_use]]\ncommand = ["false"]\n' },
  ),
);

test("call without an approval is denied", () =>
  withEasel(
    async (easel) => {
      const thread = await easel.startThread();
      await assert.rejects(thread.run(PROMPT), (error) => error.error.kind === "approvalDenied");
    },
    { toml: ASKS },
  ));

for (const [name, approve, isMade] of [
  ["false denies", () => false, false],
  ["nothing denies", () => {}, false],
  ["null denies", async () => null, false],
  ["0 denies", () => 0, false],
  ["1 denies", () => 1, false],
  ["empty text denies", () => "", false],
  ["unknown scope denies", () => "forever", false],
  [
    "error denies",
    () => {
      throw new Error("no answer");
    },
    false,
  ],
  ["true allows one call", async () => true, true],
  ["scope allows more", () => "turn", true],
]) {
  const questions = [];
  test(`approval: ${name}`, () =>
    withEasel(
      async (easel) => {
        const thread = await easel.startThread();
        const run = thread.run(PROMPT);
        if (isMade) assert.equal((await run).images.length, 1);
        else await assert.rejects(run, (error) => error.error.kind === "approvalDenied");
        assert.equal(questions.length, 1);
        assert.equal(questions[0].imageGeneration.prompt, PROMPT);
      },
      { toml: ASKS, approve: (request) => (questions.push(request), approve()) },
    ));
}

test("approval may call Easel", async () => {
  let easel;
  const approve = async ({ imageGeneration }) =>
    (await easel.usage()).totals.images === 0 && imageGeneration.count === 1;
  await withEasel(
    async (opened) => {
      easel = opened;
      const thread = await easel.startThread();
      assert.equal((await thread.run(PROMPT)).images.length, 1);
    },
    { toml: ASKS, approve },
  );
});

test("question that needs no answer any more is aborted", async () => {
  const controller = new AbortController();
  let aborted;
  const approve = (_, signal) => {
    aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
    controller.abort();
    return aborted.then(() => true);
  };
  await withEasel(
    async (easel) => {
      const thread = await easel.startThread();
      await assert.rejects(thread.run(PROMPT, { signal: controller.signal }), { name: "TurnInterruptedError" });
      await aborted;
    },
    { toml: ASKS, approve },
  );
});

test("export keeps an existing file", () =>
  withEasel((easel) =>
    inFolder(async (folder) => {
      const thread = await easel.startThread();
      const [image] = (await thread.run(PROMPT)).images;
      const path = await image.export(join(folder, "a.png"));
      await assert.rejects(image.export(path), { name: "InvalidParamsError", field: "path" });
      assert.equal(await image.export(path, { overwrite: true }), path);
      assert.deepEqual(await readFile(path), Buffer.from(await image.bytes()));
    }),
  ));

test("events that nobody reads end the loop but not the turn", () =>
  withEasel(async (easel) => {
    const thread = await easel.startThread();
    const turn = await thread.runStreamed(PROMPT, { bufferedEvents: 3 });
    assert.equal((await turn.result()).images.length, 1);
    const methods = [];
    await assert.rejects(async () => {
      for await (const { method } of turn) methods.push(method);
    }, EventOverflowError);
    assert.equal(methods.length, 3);
  }));

test("changed file is not returned", () =>
  withEasel(async (easel) => {
    const thread = await easel.startThread();
    const [image] = (await thread.run(PROMPT)).images;
    for (const content of ["short", "x".repeat(image.record.bytes), "x".repeat(image.record.bytes + 1)]) {
      await writeFile(image.path, content);
      await assert.rejects(image.bytes(), ImageIntegrityError);
    }
  }));
