import { type ChildProcess, spawn } from "node:child_process";
import { statSync } from "node:fs";
import { connect } from "node:net";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { EaselExitedError, EaselNotFoundError, type EaselError } from "../errors.js";
import { startTimer } from "./timer.js";

/** How many characters of stderr an error shows. */
const STDERR_TAIL = 8 * 1024;

/** Milliseconds that a server whose process has ended may take to close its pipes. */
const PIPES_GRACE = 500;

/** Milliseconds that a server whose output has ended may go on. */
const OUTPUT_GRACE = 5000;

/** Two streams to a server, which may end. */
export interface Transport {
  readonly input: Writable;
  readonly output: Readable;
  /** Resolves when the server has ended, with the error of requests that wait. */
  readonly ended: Promise<EaselError>;
  /** The process id of a server that was spawned. */
  readonly pid: number | undefined;
  /** Ends the server, at the latest after some milliseconds, or the connection to a server that others share. */
  close(graceMs: number): Promise<void>;
}

/** How to spawn a server. */
export interface SpawnOptions {
  binary: string;
  args: string[];
  cwd: string | undefined;
  env: NodeJS.ProcessEnv;
}

/** Spawns a server that only this process uses. It ends with its input, and with this process. */
export function spawnServer({ binary, args, cwd, env }: SpawnOptions): Transport {
  const child = spawnChild({ binary, args, cwd, env });
  let stderr = "";
  const ended = new Promise<EaselError>((resolve) => {
    // A signal that cannot be sent emits it too. An error event without a listener would end this process.
    child.on("error", (cause) => {
      if (child.pid === undefined)
        resolve(new EaselNotFoundError(`cannot start ${binary}: ${cause.message}`, { cause }));
    });
    child.once("exit", (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      const finish = () => {
        const tail = stderr.trim() === "" ? "" : `; its last output was:\n${stderr.trim()}`;
        resolve(new EaselExitedError(`the server ended with ${how}${tail}`, code, signal, stderr));
      };
      // The rest of stderr arrives until `close`. A grandchild that keeps the pipe open must not delay the error.
      const timer = setTimeout(finish, PIPES_GRACE);
      child.once("close", () => (clearTimeout(timer), finish()));
    });
  });
  // Without a free file descriptor, the process does not start and has no streams.
  const input: Writable = child.stdin ?? new PassThrough();
  const output: Readable = child.stdout ?? new PassThrough();
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-STDERR_TAIL)));
  // The end of the process says why, and the reader notices it too.
  for (const stream of [input, output, child.stderr]) stream?.on("error", () => {});
  // A process that can no longer answer is of no use.
  output.once("close", () => setTimeout(() => child.kill("SIGKILL"), OUTPUT_GRACE).unref());
  const close = async (graceMs: number) => {
    input.end();
    const timer = startTimer(() => child.kill("SIGKILL"), graceMs);
    await ended;
    clearTimeout(timer);
  };
  return { input, output, ended, pid: child.pid, close };
}

function spawnChild({ binary, args, cwd, env }: SpawnOptions): ChildProcess {
  // Without this, the error would name the executable and not the folder.
  if (cwd !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new EaselNotFoundError(`cannot start ${binary}: ${cwd}, which the option \`cwd\` names, is not a folder`);
  }
  try {
    return spawn(binary, args, { env, stdio: ["pipe", "pipe", "pipe"], windowsHide: true, ...(cwd && { cwd }) });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EaselNotFoundError(`cannot start ${binary}: ${reason}`, { cause });
  }
}

/** Connects to a server that listens on a Unix socket, and that other clients share. */
export function connectToServer(path: string): Transport {
  const socket = connect(path);
  const ended = new Promise<EaselError>((resolve) => {
    let cause: Error | undefined;
    socket.on("error", (error) => (cause = error));
    socket.once("close", () => {
      const message = `the connection to ${path} has ended${cause ? `: ${cause.message}` : ""}`;
      resolve(new EaselExitedError(message, null, null, "", cause && { cause }));
    });
  });
  const close = async (graceMs: number) => {
    socket.end();
    const timer = startTimer(() => socket.destroy(), graceMs);
    await ended;
    clearTimeout(timer);
  };
  return { input: socket, output: socket, ended, pid: undefined, close };
}
