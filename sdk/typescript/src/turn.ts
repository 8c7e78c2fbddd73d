import type { Connection } from "./connection/connection.js";
import {
  EaselError,
  EaselExitedError,
  ImageFailedError,
  InvalidRequestError,
  TurnFailedError,
  TurnInterruptedError,
} from "./errors.js";
import type { Event, ImageError, ThreadItem, TokenUsage, Turn } from "./generated/protocol.js";
import { Image } from "./image.js";
import { EventQueue } from "./queue.js";
import type { Session } from "./session.js";

/** Milliseconds that a turn which was aborted may take to end. Easel ends it at once, unless the machine is busy. */
const ABORT_GRACE = 10_000;

/** What a turn made. */
export interface TurnResult {
  threadId: string;
  turnId: string;
  /** The user's message, the model's messages, its reasoning and its image calls, in the order in which they ended. */
  items: ThreadItem[];
  /** The images of all image calls. */
  images: Image[];
  /** Why image calls made no image, or fewer than requested. The model has read this, and may have tried again. */
  failures: ImageError[];
  /** The tokens of all answers of the model in this turn. `null` if the provider does not report them. */
  usage: TokenUsage | null;
  /** The model's last message. Empty without one. */
  finalText: string;
}

/** Where a turn runs. */
export interface TurnContext {
  session: Session;
  connection: Connection;
  threadId: string;
  turnId: string;
  /** How many events may wait for the consumer. 0: there is none. */
  bufferedEvents: number;
  signal: AbortSignal | undefined;
  deadline: AbortDeadline;
}

/** The time limit of a turn that is aborted: its start and its end wait for a server that may not answer. */
export class AbortDeadline {
  readonly #signal: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pass!: (error: EaselError) => void;
  /** Resolves when the time has passed. */
  readonly passed = new Promise<EaselError>((pass) => (this.#pass = pass));

  readonly #onAbort = () => {
    const message = `the turn was aborted, and the server did not end it within ${ABORT_GRACE} ms; look at turns() later`;
    const error = new EaselError(message, { cause: this.#signal?.reason });
    this.#timer = setTimeout(() => this.#pass(error), ABORT_GRACE);
  };

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Ends the wait, because the turn has ended or was refused. */
  cancel(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    clearTimeout(this.#timer);
  }
}

/** A turn that runs. Iterate over it for its events, up to and with `turn/completed`, and await `result()`. */
export class StreamedTurn implements AsyncIterable<Event> {
  readonly #context: TurnContext;
  readonly #queue: EventQueue<Event>;
  readonly #outcome: Promise<() => TurnResult>;
  readonly #result: TurnResult;
  readonly #unsubscribe: () => void;
  readonly #onAbort = () => void this.interrupt().catch(() => {});
  /** Takes what `result` does. Its errors are created there, so that their stack shows who waits. */
  #settle!: (outcome: () => TurnResult) => void;

  /** @internal */
  constructor(context: TurnContext) {
    const { session, threadId, turnId, bufferedEvents, signal, deadline } = context;
    this.#context = context;
    this.#queue = new EventQueue(bufferedEvents);
    if (bufferedEvents === 0) this.#queue.end();
    this.#result = { threadId, turnId, items: [], images: [], failures: [], usage: null, finalText: "" };
    this.#outcome = new Promise((settle) => (this.#settle = settle));
    this.#unsubscribe = session.subscribe({
      onEvent: (event) => belongsTo(event, threadId, turnId) && this.#accept(event),
      onEnd: (error) => this.#fail(error),
    });
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) this.#onAbort();
    void deadline.passed.then((error) => this.#fail(error));
  }

  /** The id of the turn. */
  get id(): string {
    return this.#context.turnId;
  }

  /** The id of the thread. */
  get threadId(): string {
    return this.#context.threadId;
  }

  /**
   * Waits until the turn ends.
   *
   * @throws {TurnFailedError} if the turn failed.
   * @throws {TurnInterruptedError} if it was interrupted.
   * @throws {ImageFailedError} if it ended without an image, because its image calls failed.
   * @throws {EaselExitedError} if the server ended before the turn did.
   */
  async result(): Promise<TurnResult> {
    return (await this.#outcome)();
  }

  /** Interrupts the turn. Its last events follow. A turn that has ended stays as it is. */
  async interrupt(): Promise<void> {
    const { connection, threadId, turnId } = this.#context;
    try {
      await connection.request("turn/interrupt", { threadId, turnId });
    } catch (error) {
      // The turn has ended in the meantime.
      if (!(error instanceof InvalidRequestError)) throw error;
    }
  }

  /** Returns the events, for one loop. If it is left, the events end and the turn goes on. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Event> {
    return this.#queue;
  }

  #accept(event: Event): void {
    this.#queue.push(event);
    if (event.method === "item/completed") this.#addItem(event.params.item);
    else if (event.method === "thread/tokenUsage/updated") this.#addUsage(event.params.tokenUsage.last);
    else if (event.method === "turn/completed") this.#complete(event.params.turn);
  }

  #addItem(item: ThreadItem): void {
    const { items, images, failures } = this.#result;
    items.push(item);
    if (item.type === "agentMessage") this.#result.finalText = item.text;
    if (item.type !== "imageGeneration") return;
    images.push(...item.images.map((record) => new Image(this.#context.session, record)));
    if (item.error) failures.push(item.error);
  }

  #addUsage(usage: TokenUsage): void {
    const [sum, before] = [{ ...usage }, this.#result.usage];
    if (before) for (const key of Object.keys(sum) as (keyof TokenUsage)[]) sum[key] += before[key];
    this.#result.usage = sum;
  }

  #complete(turn: Turn): void {
    this.#end();
    this.#settle(() => {
      const { signal } = this.#context;
      const result = this.#result;
      const failure = result.failures.at(-1);
      if (turn.status === "failed") throw new TurnFailedError(turn.error, result);
      if (turn.status === "interrupted") {
        const options = signal?.aborted ? { cause: signal.reason } : {};
        throw new TurnInterruptedError(turn.error?.message ?? "the turn was interrupted", result, options);
      }
      if (failure && result.images.length === 0) throw new ImageFailedError(failure, result);
      return result;
    });
  }

  #fail(error: EaselError): void {
    const unfinished = () => {
      if (!(error instanceof EaselExitedError)) return error;
      const message = `the turn ${this.id} was not finished: ${error.message}`;
      return new EaselExitedError(message, error.exitCode, error.signal, error.stderr, { cause: error });
    };
    this.#end(unfinished());
    this.#settle(() => {
      throw unfinished();
    });
  }

  #end(error?: EaselError): void {
    this.#queue.end(error);
    this.#unsubscribe();
    this.#context.signal?.removeEventListener("abort", this.#onAbort);
    this.#context.deadline.cancel();
  }
}

/** Events name their turn, or only their thread, in which one turn runs at a time. */
function belongsTo(event: Event, threadId: string, turnId: string): boolean {
  const { params } = event;
  if (!("threadId" in params) || params.threadId !== threadId) return false;
  if ("turnId" in params) return params.turnId === turnId;
  return !("turn" in params) || params.turn.id === turnId;
}
