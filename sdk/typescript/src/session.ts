import { Connection } from "./connection/connection.js";
import type { Transport } from "./connection/transport.js";
import { EaselError, EaselWarning, ProtocolError } from "./errors.js";
import type { Event, InitializeParams, JsonValue, Methods, ServerRequest } from "./generated/protocol.js";

/** Who receives the events of the connection, until it ends. */
export interface Subscriber {
  onEvent(event: Event): void;
  onEnd(error: EaselError): void;
}

/** What a session needs for each connection. */
export interface SessionOptions {
  connect(): Transport;
  initialize: InitializeParams;
  startTimeoutMs: number;
  closeTimeoutMs: number;
  onRequest(request: ServerRequest, signal: AbortSignal): Promise<JsonValue>;
  onWarning(warning: EaselWarning): unknown;
}

/** What the server says about itself. */
export interface ServerInfo {
  /** The version of Easel. */
  version: string;
  /** The absolute path of Easel's home. */
  home: string;
  /** Names of the image tools that a thread offers to the model by default. */
  tools: string[];
  /** The process id of a server that was spawned. */
  pid: number | undefined;
}

/** A connection, and what its server says about itself. */
interface Opened {
  connection: Connection;
  info: ServerInfo;
}

/** The connection in use. It is opened by the first call, and again by the next call after it has ended. */
export class Session {
  readonly #options: SessionOptions;
  readonly #subscribers = new Set<Subscriber>();
  /** The servers that have not ended. One that did not start may still end while the next one starts. */
  readonly #transports = new Set<Transport>();
  #current: Promise<Opened> | null = null;
  #isClosed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Returns the connection, and opens it if there is none. */
  async connection(): Promise<Connection> {
    return (await this.#open()).connection;
  }

  /** Returns what the server says about itself. */
  async info(): Promise<ServerInfo> {
    return (await this.#open()).info;
  }

  /** Sends a request. It is sent once: if the server ends before it answers, only the caller knows what to do. */
  async request<M extends keyof Methods>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["response"]> {
    return await (await this.connection()).request(method, params);
  }

  /** Adds a subscriber, and returns a function that removes it. */
  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /** Ends the connection for good, also one that is not open yet. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#transports].map((transport) => transport.close(this.#options.closeTimeoutMs)));
  }

  #open(): Promise<Opened> {
    if (this.#isClosed) return Promise.reject(new EaselError("this Easel is closed"));
    if (this.#current) return this.#current;
    const opening: Promise<Opened> = this.#connect(() => {
      // The next connection may be open already.
      if (this.#current === opening) this.#current = null;
    });
    this.#current = opening;
    return opening;
  }

  /** Opens a connection. `onEnd` is called when it has ended, and when it cannot be opened. */
  async #connect(onEnd: () => void): Promise<Opened> {
    const { connect, initialize, startTimeoutMs, onRequest } = this.#options;
    const handlers = {
      onEvent: (event: Event) => this.#send(event),
      onRequest,
      onEnd: (error: EaselError) => {
        onEnd();
        for (const subscriber of [...this.#subscribers]) subscriber.onEnd(error);
        this.#subscribers.clear();
      },
    };
    try {
      const transport = connect();
      this.#transports.add(transport);
      void transport.ended.then(() => this.#transports.delete(transport));
      const { connection, server, version } = await Connection.open(transport, handlers, initialize, startTimeoutMs);
      return { connection, info: { version, home: server.codexHome, tools: server.tools, pid: connection.pid } };
    } catch (error) {
      // Later, since the caller has no promise yet if the executable was not found.
      queueMicrotask(onEnd);
      throw this.#isClosed ? new EaselError("this Easel was closed while it started", { cause: error }) : error;
    }
  }

  /**
   * Passes on a warning. Most come before anyone reads events, and those about the configuration have no thread. A
   * function that fails does not end the server.
   */
  async #warn(event: Event): Promise<void> {
    const warning = toWarning(event);
    if (!warning) return;
    try {
      await this.#options.onWarning(warning);
    } catch (error) {
      process.emitWarning(`${warning.message} (onWarning failed: ${error})`, "EaselWarning");
    }
  }

  /** An event that a subscriber does not understand ends that subscriber, and not the server with what it makes. */
  #send(event: Event): void {
    void this.#warn(event);
    for (const subscriber of [...this.#subscribers]) {
      try {
        subscriber.onEvent(event);
      } catch (cause) {
        this.#subscribers.delete(subscriber);
        subscriber.onEnd(new ProtocolError(`the event ${event.method} is not that of this version`, { cause }));
      }
    }
  }
}

/** Returns the warning in an event. `null` if it is another event. */
function toWarning({ method, params }: Event): EaselWarning | null {
  if (method === "configWarning") return new EaselWarning(params.summary, params.details, params.path);
  return method === "warning" ? new EaselWarning(params.message, null, null, params.threadId) : null;
}
