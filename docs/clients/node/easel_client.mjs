// A small client of Easel's app-server, which the other files of this folder use. It needs only Node.js 18 or later.
// Whatever goes wrong throws an error, so an example that fails ends with its message and a non-zero exit code.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

export class EaselError extends Error {}

/** One connection. It waits for one response at a time and keeps the events that arrive before it. */
export class Client {
  #lines;
  #lastId = 0;
  #events = [];

  constructor(input, output, process) {
    this.output = output;
    this.process = process;
    // Without a listener, an error of a closed pipe would end the program before `read` says what happened.
    output.on("error", () => {});
    this.#lines = createInterface({ input })[Symbol.asyncIterator]();
  }

  /** Spawns a server that only this client uses. Its log goes to our stderr. */
  static async spawn(easel) {
    const server = spawn(easel, ["app-server", "--enable", "imagegenext"], { stdio: ["pipe", "pipe", "inherit"] });
    return await new Client(server.stdout, server.stdin, server).#initialize();
  }

  /** Connects to a server that listens on a Unix socket. */
  static async connect(path) {
    const socket = connect(path);
    return await new Client(socket, socket).#initialize();
  }

  async #initialize() {
    await this.request("initialize", { clientInfo: { name: "cookbook", version: "1.0.0" } });
    return this;
  }

  /** Sends a request and returns its result. */
  async request(method, params = {}) {
    const id = ++this.#lastId;
    this.output.write(JSON.stringify({ id, method, params }) + "\n");
    for (;;) {
      const message = await this.#read();
      if (message.method) this.#events.push(message);
      else if (message.error) throw new EaselError(`${method}: ${message.error.message} (${message.error.code})`);
      else if (message.id === id) return message.result;
    }
  }

  /** Returns the next notification. */
  async nextEvent() {
    return this.#events.shift() ?? (await this.#read());
  }

  async #read() {
    const { value, done } = await this.#lines.next();
    if (done) throw new EaselError("the server closed the connection");
    return JSON.parse(value);
  }

  /** Sends a user message, in parts, and returns the id of the turn that answers it. */
  async startTurn(threadId, ...input) {
    return (await this.request("turn/start", { threadId, input })).turn.id;
  }

  /** Waits until the turn ends, and returns the records of its images. A failure throws an error. */
  async finishTurn(threadId, turnId, onEvent = () => {}) {
    const images = [];
    const problems = [];
    for (;;) {
      const { method, params } = await this.nextEvent();
      if (params.threadId !== threadId) continue;
      onEvent(method, params);
      if (method === "item/completed" && params.item.type === "imageGeneration") {
        images.push(...params.item.images);
        if (params.item.error) problems.push(params.item.error.message);
      } else if (method === "turn/completed" && params.turn.id === turnId) {
        const { status, error } = params.turn;
        if (status !== "completed") problems.push(error?.message ?? `the turn is ${status}`);
        if (problems.length > 0) throw new EaselError(problems.join("; "));
        if (images.length === 0) throw new EaselError("the model answered without an image");
        return images;
      }
    }
  }

  /** Ends the connection. A server that this client spawned ends with its input. */
  async close() {
    this.output.end();
    if (!this.process) return;
    const code = this.process.exitCode ?? (await new Promise((ended) => this.process.once("exit", ended)));
    if (code !== 0) throw new EaselError(`the server ended with exit code ${code}`);
  }
}

/** A part of a user message: text. */
export const text = (prompt) => ({ type: "text", text: prompt });

/** A part of a user message: an image file. Easel copies it, and accepts only absolute paths. */
export const localImage = (path) => ({ type: "localImage", path: resolve(path) });
