import { EaselError, EaselExitedError, EaselNotFoundError, OverloadedError, ProtocolError } from "../errors.js";
import type { Event, InitializeParams, JsonValue, Methods, RequestId, ServerRequest } from "../generated/protocol.js";
import { LineSplitter } from "./lines.js";
import { requestError } from "./request_error.js";
import { startTimer } from "./timer.js";
import type { Transport } from "./transport.js";
import { checkVersion, versionOf } from "./version.js";

/** Requests that wait for a response. The server refuses more than a few hundred too. */
const MAX_PENDING = 1024;

/** Bytes of requests that wait until the server reads them. */
const MAX_UNREAD = 64 * 1024 * 1024;

/** What a connection passes on. None of these may throw. */
export interface Handlers {
  onEvent(event: Event): void;
  /**
   * Returns the result of a request of the server. A rejection is an error response. The signal is aborted when the
   * server no longer waits.
   */
  onRequest(request: ServerRequest, signal: AbortSignal): Promise<JsonValue>;
  /** Called once, after all requests that wait have failed. */
  onEnd(error: EaselError): void;
}

/** A request that waits. Its errors are created where it waits, so that their stack shows who has sent it. */
interface Pending {
  method: string;
  resolve(result: unknown): void;
  reject(error: () => EaselError): void;
}

/** A line from the server, whose shape is not known yet. */
interface Line {
  id?: RequestId | null;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { code: number; message: string; data?: JsonValue };
}

/** One connection to a server, from `initialize` to its end. It is not opened again. */
export class Connection {
  readonly #transport: Transport;
  readonly #handlers: Handlers;
  readonly #pending = new Map<RequestId, Pending>();
  /** The requests of the server that wait for a response. */
  readonly #responding = new Map<RequestId, AbortController>();
  #lastId = 0;
  #end: EaselError | null = null;

  private constructor(transport: Transport, handlers: Handlers) {
    this.#transport = transport;
    this.#handlers = handlers;
    const lines = new LineSplitter();
    transport.output.on("data", (bytes: Buffer) => this.#read(lines, bytes));
    void transport.ended.then((error) => this.#finish(error));
  }

  /** Opens a connection and checks the version of the server. If that fails, the server is ended. */
  static async open(
    transport: Transport,
    handlers: Handlers,
    params: InitializeParams,
    timeoutMs: number,
  ): Promise<{ connection: Connection; server: Methods["initialize"]["response"]; version: string }> {
    const connection = new Connection(transport, handlers);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const message = `the server did not answer \`initialize\` within ${timeoutMs} ms`;
      timer = startTimer(() => reject(new ProtocolError(message)), timeoutMs);
    });
    try {
      const server = await Promise.race([connection.request("initialize", params), timeout]);
      const version = versionOf(String(server?.userAgent));
      checkVersion(version);
      return { connection, server, version };
    } catch (error) {
      await transport.close(0);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The process id of a server that was spawned. */
  get pid(): number | undefined {
    return this.#transport.pid;
  }

  /** Whether the connection has ended. */
  get hasEnded(): boolean {
    return this.#end !== null;
  }

  /**
   * Sends a request. `onResult` is called before any later line is read, so that it can subscribe to the events that
   * follow the response.
   */
  async request<M extends keyof Methods>(
    method: M,
    params: Methods[M]["params"],
    onResult: (result: Methods[M]["response"]) => void = () => {},
  ): Promise<Methods[M]["response"]> {
    if (this.#end) throw forRequest(this.#end, method);
    if (this.#pending.size >= MAX_PENDING) {
      throw new OverloadedError(`${MAX_PENDING} requests already wait for a response`, method, -32001);
    }
    const { input } = this.#transport;
    if (input.writableLength > MAX_UNREAD) {
      throw new OverloadedError("the server does not read the requests that were sent before", method, -32001);
    }
    const id = ++this.#lastId;
    const line = toLine({ id, method, params });
    const outcome = await new Promise<{ result: unknown } | { error: () => EaselError }>((settle) => {
      const resolve = (result: unknown) => {
        try {
          onResult(result as Methods[M]["response"]);
          settle({ result });
        } catch (cause) {
          const message = `${method}: the result is not that of this version`;
          settle({ error: () => new ProtocolError(message, { cause }) });
        }
      };
      this.#pending.set(id, { method, resolve, reject: (error) => settle({ error }) });
      input.write(line);
    });
    if ("error" in outcome) throw outcome.error();
    return outcome.result as Methods[M]["response"];
  }

  /** Ends the connection, and the server if it was spawned. */
  async close(graceMs: number): Promise<void> {
    await this.#transport.close(graceMs);
  }

  #read(lines: LineSplitter, bytes: Buffer): void {
    if (this.#end) return;
    try {
      for (const line of lines.push(bytes)) if (line.trim() !== "") this.#dispatch(parse(line));
    } catch (error) {
      this.#finish(
        error instanceof EaselError
          ? error
          : new ProtocolError("the server's output was not understood", { cause: error }),
      );
      void this.#transport.close(0);
    }
  }

  #dispatch(line: Line): void {
    const { id, method } = line;
    if (typeof method === "string") {
      if (id !== undefined) return void this.#respond(line as ServerRequest);
      const event = { ...line, params: isObject(line.params) ? line.params : {} } as Event;
      if (event.method === "serverRequest/resolved") this.#responding.get(event.params.requestId)?.abort();
      this.#handlers.onEvent(event);
      return;
    }
    const pending = id === undefined || id === null ? undefined : this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id!);
    if (!line.error) return pending.resolve(line.result);
    const { code, message, data } = line.error;
    pending.reject(() => requestError(pending.method, code, message, data));
  }

  async #respond(request: ServerRequest): Promise<void> {
    const { id } = request;
    const controller = new AbortController();
    this.#responding.set(id, controller);
    let line: string;
    try {
      line = toLine({ id, result: await this.#handlers.onRequest(request, controller.signal) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      line = toLine({ id, error: { code: -32603, message } });
    }
    this.#responding.delete(id);
    if (!this.#end) this.#transport.input.write(line);
  }

  #finish(error: EaselError): void {
    if (this.#end) return;
    this.#end = error;
    for (const pending of this.#pending.values()) pending.reject(() => forRequest(error, pending.method));
    this.#pending.clear();
    for (const controller of this.#responding.values()) controller.abort();
    this.#handlers.onEnd(error);
  }
}

function toLine(message: object): string {
  return `${JSON.stringify(message)}\n`;
}

function parse(line: string): Line {
  try {
    const message: unknown = JSON.parse(line);
    if (isObject(message)) return message;
  } catch {
    // The error below shows the line.
  }
  throw new ProtocolError(`the server wrote a line that is not a JSON object: ${line.slice(0, 200)}`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Each request that fails gets an error of its own, with its own stack. */
function forRequest(error: EaselError, method: string): EaselError {
  if (error instanceof EaselExitedError) {
    const message = `${method}: ${error.message}`;
    return new EaselExitedError(message, error.exitCode, error.signal, error.stderr, { cause: error });
  }
  return error instanceof EaselNotFoundError
    ? error
    : new ProtocolError(`${method}: ${error.message}`, { cause: error });
}
