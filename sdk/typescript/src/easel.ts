import { findBinary } from "./connection/binary.js";
import { connectToServer, spawnServer, type Transport } from "./connection/transport.js";
import { SDK_VERSION } from "./connection/version.js";
import { EaselError, type EaselWarning } from "./errors.js";
import type {
  ApprovalScope,
  ClientInfo,
  ImageEntry,
  ImageListParams,
  JsonValue,
  Methods,
  PermissionsRequestApprovalParams,
  ServerRequest,
  UsageReadParams,
  UsageReadResponse,
} from "./generated/protocol.js";
import { Image } from "./image.js";
import { type ServerInfo, Session } from "./session.js";
import { type ResumeOptions, Thread, type ThreadOptions } from "./thread.js";

/**
 * Decides about an image call that needs an approval: `true` allows this call, and a scope allows more. Anything else
 * denies it, also a function that throws or returns nothing.
 *
 * The signal is aborted when the server no longer waits: the time limit has passed, another client has decided, or the
 * turn was interrupted.
 */
export type Approve = (
  request: PermissionsRequestApprovalParams,
  signal: AbortSignal,
) => boolean | ApprovalScope | Promise<boolean | ApprovalScope>;

const SCOPES: readonly ApprovalScope[] = ["call", "turn", "session", "day"];

/** How Easel is found, started and configured. */
export interface EaselOptions {
  /** The executable. Default: the variable `EASEL_BINARY`, the package `@easel/cli`, or `easel` in the `PATH`. */
  binary?: string;
  /** Connects to a server that listens on this Unix socket, instead of spawning one. */
  socket?: string;
  /** Easel's home: configuration, threads and images. Default: `EASEL_HOME`, `CODEX_HOME/easel` or `~/.easel`. */
  home?: string;
  /** The working folder of the server, and of threads that name none. */
  cwd?: string;
  /** The environment of the server. Default: that of this process. */
  env?: Record<string, string | undefined>;
  /** Configuration for this server by dotted key, such as `{ "images.parallel": 2 }`. */
  config?: Record<string, string | number | boolean>;
  /** Decides about image calls that need an approval. Without it they fail with `approvalDenied`. */
  approve?: Approve;
  /**
   * Receives each warning of the server, such as the one about a misspelled key of the configuration. Default:
   * `process.emitWarning`.
   */
  onWarning?: (warning: EaselWarning) => void;
  /** The name and version of your program. Threads have the name as their `originator`. */
  clientInfo?: ClientInfo;
  /** Milliseconds that the server may take to start. Default 30,000. */
  startTimeoutMs?: number;
  /** Milliseconds that the server may take to end, until it is killed. Default 10,000. */
  closeTimeoutMs?: number;
}

/** A description of one stored image, and where it comes from. */
export interface StoredImage extends Omit<ImageEntry, "image"> {
  image: Image;
}

/**
 * An image-generation server, which the first call starts and `close` ends.
 *
 * If the server ends by itself, calls that wait fail with an `EaselExitedError`, and the next call starts a new one.
 * Threads go on in it with their history.
 */
export class Easel {
  readonly #session: Session;

  constructor(options: EaselOptions = {}) {
    const { approve, startTimeoutMs = 30_000, closeTimeoutMs = 10_000 } = options;
    this.#session = new Session({
      connect: () => transport(options),
      initialize: {
        clientInfo: options.clientInfo ?? { name: "easel-sdk-typescript", version: SDK_VERSION },
        capabilities: { imageResult: "none", requestPermissionsApproval: approve !== undefined },
      },
      startTimeoutMs,
      closeTimeoutMs,
      onRequest: (request, signal) => answer(request, signal, approve),
      onWarning: options.onWarning ?? ((warning) => process.emitWarning(warning)),
    });
  }

  /** Starts a thread. */
  async startThread(options: ThreadOptions = {}): Promise<Thread> {
    const connection = await this.#session.connection();
    const { thread } = await connection.request("thread/start", options);
    return new Thread(this.#session, thread.id, notStored(options), connection);
  }

  /** Loads a stored thread. It goes on with its history. */
  async resumeThread(id: string, options: ResumeOptions = {}): Promise<Thread> {
    const connection = await this.#session.connection();
    await connection.request("thread/resume", { ...options, threadId: id, excludeTurns: true });
    return new Thread(this.#session, id, notStored(options), connection);
  }

  /** Returns the stored images, the newest first. */
  async *images(filter: Pick<ImageListParams, "threadId" | "mine"> = {}): AsyncGenerator<StoredImage, void> {
    let cursor: string | null = null;
    do {
      const page: Methods["image/list"]["response"] = await this.request("image/list", {
        ...filter,
        cursor,
        limit: 50,
      });
      for (const entry of page.data) yield { ...entry, image: new Image(this.#session, entry.image) };
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  /** Returns what images and tokens have cost, by day, thread and model, and what is left of the limits of spending. */
  usage(filter: UsageReadParams = {}): Promise<UsageReadResponse> {
    return this.request("usage/read", filter);
  }

  /** Returns the version, the home and the tools of the server. Starts it, if it does not run. */
  info(): Promise<ServerInfo> {
    return this.#session.info();
  }

  /** Sends any request of the protocol, for what this package has no method for. It is sent once. */
  request<M extends keyof Methods>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["response"]> {
    return this.#session.request(method, params);
  }

  /** Ends the server, which interrupts its turns. One on a `socket` goes on, and only the connection to it ends. */
  close(): Promise<void> {
    return this.#session.close();
  }
}

function transport(options: EaselOptions): Transport {
  if (options.socket !== undefined) return connectToServer(options.socket);
  const env: NodeJS.ProcessEnv = { ...(options.env ?? process.env) };
  if (options.home !== undefined) env["EASEL_HOME"] = options.home;
  const config = Object.entries(options.config ?? {}).flatMap(([key, value]) => ["-c", `${key}=${toToml(value)}`]);
  const args = ["app-server", "--enable", "imagegenext", ...config];
  return spawnServer({ binary: findBinary(options.binary, env), args, cwd: options.cwd, env });
}

/**
 * Returns what the server does not store of a thread, and what must come again with it. The model and the provider may
 * have changed since.
 */
function notStored({ config, baseInstructions, developerInstructions }: ResumeOptions): ResumeOptions {
  const options = Object.entries({ config, baseInstructions, developerInstructions });
  return Object.fromEntries(options.filter(([, value]) => value !== undefined));
}

function toToml(value: string | number | boolean): string {
  // A basic string of TOML has the escapes of JSON, and one more character that must be escaped.
  return JSON.stringify(value).replaceAll("\u007f", "\\u007f");
}

async function answer(request: ServerRequest, signal: AbortSignal, approve: Approve | undefined): Promise<JsonValue> {
  if (request.method !== "item/permissions/requestApproval" || !approve) {
    throw new EaselError(`this client does not answer ${request.method}`);
  }
  const decision: unknown = await approve(request.params, signal);
  const scope = decision === true ? "call" : SCOPES.find((known) => known === decision);
  // A function that forgets to return must not spend money.
  return scope === undefined ? { permissions: {} } : { permissions: { network: { enabled: true } }, scope };
}
