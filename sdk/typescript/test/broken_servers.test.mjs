// Executables that are missing, are not Easel, or do not speak its protocol.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  Easel,
  EaselExitedError,
  EaselNotFoundError,
  EaselVersionError,
  MINIMUM_VERSION,
  ProtocolError,
  SDK_VERSION,
} from "@easel/sdk";
import { EASEL, fake, inFolder, SILENT, withFake, writeScript } from "./harness.mjs";

test("missing executable is named", async () => {
  await assert.rejects(new Easel({ binary: "/no/easel" }).info(), (error) => {
    return error instanceof EaselNotFoundError && /\/no\/easel.*`binary`/.test(error.message);
  });
  await assert.rejects(new Easel({ env: { PATH: "/no" } }).info(), /npm install @easel\/cli/);
});

test("executable is found in the PATH", () =>
  inFolder(async (folder) => {
    await writeScript(join(folder, "easel"), fake());
    const easel = new Easel({ env: { ...process.env, EASEL_BINARY: undefined, PATH: `/no${delimiter}${folder}` } });
    assert.equal((await easel.info()).version, MINIMUM_VERSION);
    await easel.close();
  }));

test("folder that does not exist is named", async () => {
  for (const cwd of ["/no/folder", EASEL]) {
    await assert.rejects(new Easel({ binary: EASEL, cwd }).info(), (error) => {
      return error instanceof EaselNotFoundError && error.message.includes(`${cwd}, which the option \`cwd\` names`);
    });
  }
});

test("start that fails can be caught", { skip: process.platform === "win32" }, () =>
  inFolder(async (folder) => {
    const binary = join(folder, "easel");
    await writeFile(binary, "#!/no/interpreter\n", { mode: 0o755 });
    const easel = new Easel({ binary });
    await assert.rejects(easel.info(), (error) => error instanceof EaselNotFoundError && /ENOENT/.test(error.message));
    await easel.close();
  }),
);

test("start without a free file descriptor can be caught", { skip: process.platform === "win32" }, async () => {
  const script = fileURLToPath(new URL("descriptors.mjs", import.meta.url));
  const command = ["-c", 'ulimit -n 100 && exec "$0" "$1"', process.execPath, script];
  const { stdout } = await promisify(execFile)("sh", command);
  assert.match(stdout, /^EaselNotFoundError: cannot start .*EMFILE.*\nEasel \d/);
});

test("package of the platform brings the executable", { skip: process.platform === "win32" }, async () => {
  const folder = fileURLToPath(
    new URL(`../node_modules/@easel/cli-${process.platform}-${process.arch}`, import.meta.url),
  );
  await mkdir(join(folder, "bin"), { recursive: true });
  try {
    await writeFile(join(folder, "package.json"), "{}");
    await symlink(EASEL, join(folder, "bin", "easel"));
    await inFolder(async (home) => {
      const easel = new Easel({ home, env: { PATH: "/no" } });
      assert.match((await easel.info()).version, /^\d/);
      await easel.close();
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("other version names both versions", () =>
  withFake(fake("", "999.8.7"), async (easel) => {
    await assert.rejects(easel.startThread(), (error) => {
      assert.ok(error instanceof EaselVersionError);
      return error.message.startsWith(`@easel/sdk ${SDK_VERSION} `) && error.message.includes("Easel 999.8.7");
    });
  }));

test("versions that fit are accepted, and others are not", async () => {
  const [major, minor, patch] = MINIMUM_VERSION.split("-")[0].split(".").map(Number);
  const before1 = major === 0;
  for (const [version, fits] of [
    [MINIMUM_VERSION, true],
    [SDK_VERSION, true],
    [`${major}.${minor}.${patch + 7}`, true],
    [`${major}.${minor}.${patch + 1}-rc.1`, true],
    [`${major}.${minor + 1}.0`, !before1],
    [`${major + 1}.${minor}.${patch}`, false],
    [before1 ? `0.${minor - 1}.9` : `${major - 1}.9.9`, false],
  ]) {
    await withFake(fake("", version), async (easel) => {
      if (fits) assert.equal((await easel.info()).version, version);
      else await assert.rejects(easel.info(), EaselVersionError);
    });
  }
});

test("other server is not Easel", () =>
  withFake(fake("", null), async (easel) => {
    await assert.rejects(easel.info(), EaselVersionError);
  }));

test("silent server ends after the time limit", () =>
  withFake(
    SILENT,
    async (easel) => {
      await assert.rejects(easel.info(), ProtocolError);
    },
    { startTimeoutMs: 200 },
  ));

test("server that ends at once shows its stderr", () =>
  withFake('console.error("no home"); process.exit(3);', async (easel) => {
    await assert.rejects(easel.info(), (error) => {
      assert.ok(error instanceof EaselExitedError);
      assert.deepEqual([error.exitCode, error.signal, error.stderr.trim()], [3, null, "no home"]);
      assert.match(error.message, /exit code 3.*no home/s);
      return true;
    });
  }));

test("request that waits fails when the server ends", () =>
  withFake(fake("process.exit(4);"), async (easel) => {
    await assert.rejects(easel.request("thread/list", {}), (error) => {
      return error instanceof EaselExitedError && error.exitCode === 4 && error.message.startsWith("thread/list: ");
    });
  }));

test("stderr in an error is short", () => {
  const code = 'process.stderr.write("a".repeat(1e6) + "end", () => process.exit(1));';
  return withFake(code, async (easel) => {
    await assert.rejects(easel.info(), (error) => error.stderr.length === 8192 && error.stderr.endsWith("end"));
  });
});

test("line that is not JSON ends the connection", () =>
  withFake(fake('console.log("hello");'), async (easel) => {
    await assert.rejects(
      easel.request("thread/list", {}),
      (error) => error instanceof ProtocolError && /hello/.test(error.message),
    );
  }));

test("line without an end is not kept", { timeout: 60_000 }, () => {
  const code = fake(
    'const part = "a".repeat(1 << 20); const write = () => process.stdout.write(part, write); write();',
  );
  return withFake(code, async (easel) => {
    await assert.rejects(easel.request("thread/list", {}), /a line of more than 67108864 characters/);
  });
});

test("requests in flight are limited", () =>
  withFake(
    fake(),
    async (easel) => {
      await easel.info();
      const requests = Array.from({ length: 1025 }, () => easel.request("thread/list", {}).catch((error) => error));
      assert.equal((await requests[1024]).name, "OverloadedError");
    },
    { closeTimeoutMs: 0 },
  ));

test("requests that the server does not read are limited", () =>
  withFake(
    fake("lines.pause();"),
    async (easel) => {
      await easel.info();
      const text = "a".repeat(1 << 20);
      const requests = Array.from({ length: 80 }, () => easel.request("thread/list", { text }).catch((error) => error));
      assert.equal((await requests[79]).name, "OverloadedError");
    },
    { closeTimeoutMs: 0 },
  ));
