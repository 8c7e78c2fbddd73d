import type { Connection } from "./connection/connection.js";
import type { Event, ReasoningSummary, ThreadResumeParams, ThreadStartParams, Turn } from "./generated/protocol.js";
import { type Input, toUserInput } from "./input.js";
import { EventQueue } from "./queue.js";
import type { Session } from "./session.js";
import { AbortDeadline, StreamedTurn, type TurnResult } from "./turn.js";

/** How a thread is started. What is left out comes from the configuration. */
export type ThreadOptions = Omit<ThreadStartParams, "experimentalRawEvents">;

/** What changes when a thread is resumed. */
export type ResumeOptions = Omit<ThreadResumeParams, "threadId" | "excludeTurns" | "experimentalRawEvents">;

/** Options of one turn. */
export interface RunOptions {
  /** Interrupts the turn. */
  signal?: AbortSignal;
  /** The model, from this turn on. */
  model?: string;
  /** The reasoning effort, from this turn on. */
  effort?: string;
  /** Which summaries of its reasoning the model writes, from this turn on. */
  summary?: ReasoningSummary;
  /** A JSON Schema that the last message of the model must satisfy. */
  outputSchema?: unknown;
  /** Whether the model is asked for closing words after its images were made. */
  closingAnswer?: boolean;
}

/** How the events of a turn, or of a thread, are kept for their consumer. */
export interface StreamOptions {
  /** How many events may wait. If more do, the loop over them ends with an `EventOverflowError`. Default 4,096. */
  bufferedEvents?: number;
}

const BUFFERED_EVENTS = 4096;

/** A conversation, which remembers its images. Easel stores it, unless it is ephemeral. */
export class Thread {
  readonly #session: Session;
  readonly #resume: ResumeOptions;
  #loaded: { connection: Connection; done: Promise<unknown> } | null;

  /** @internal */
  constructor(
    session: Session,
    /** The id of the thread, for `resumeThread`. */
    readonly id: string,
    resume: ResumeOptions,
    connection: Connection | null,
  ) {
    this.#session = session;
    this.#resume = resume;
    this.#loaded = connection && { connection, done: Promise.resolve() };
  }

  /**
   * Sends a message, and waits until the turn ends.
   *
   * The message is sent once. If the server ends meanwhile, look at `turns()` before you send it again.
   *
   * @throws {RequestError} if the turn cannot start, for example while another one runs.
   * @throws the errors of {@link StreamedTurn.result}.
   */
  async run(input: Input, options: RunOptions = {}): Promise<TurnResult> {
    return await (await this.runStreamed(input, { ...options, bufferedEvents: 0 })).result();
  }

  /** Sends a message, and returns the turn that answers it: an async iterable of its events, with a `result()`. */
  async runStreamed(input: Input, options: RunOptions & StreamOptions = {}): Promise<StreamedTurn> {
    const { signal, bufferedEvents = BUFFERED_EVENTS, ...params } = options;
    signal?.throwIfAborted();
    const [session, threadId] = [this.#session, this.id];
    const connection = await this.#load();
    signal?.throwIfAborted();
    const deadline = new AbortDeadline(signal);
    let streamed!: StreamedTurn;
    const turnParams = { threadId, input: toUserInput(input), ...params };
    // A turn that starts after the deadline is interrupted too, since its signal is aborted.
    const request = connection.request("turn/start", turnParams, ({ turn }) => {
      streamed = new StreamedTurn({ session, connection, threadId, turnId: turn.id, bufferedEvents, signal, deadline });
    });
    try {
      const error = await Promise.race([request.then(() => null), deadline.passed]);
      if (error) throw error;
    } catch (error) {
      deadline.cancel();
      throw error;
    }
    return streamed;
  }

  /** Returns the events of the thread from now on, also of turns that other clients start. Leave the loop to stop. */
  async events(options: StreamOptions = {}): Promise<AsyncIterableIterator<Event>> {
    let unsubscribe = () => {};
    const queue = new EventQueue<Event>(options.bufferedEvents ?? BUFFERED_EVENTS, () => unsubscribe());
    unsubscribe = this.#session.subscribe({
      onEvent: (event) => "threadId" in event.params && event.params.threadId === this.id && queue.push(event),
      onEnd: (error) => queue.end(error),
    });
    try {
      await this.#load();
    } catch (error) {
      queue.end();
      throw error;
    }
    return queue;
  }

  /** Returns the stored turns with all their items, the oldest first, or with `newestFirst` the newest. */
  async *turns(options: { newestFirst?: boolean } = {}): AsyncGenerator<Turn, void> {
    const sortDirection = options.newestFirst ? "desc" : "asc";
    let cursor: string | null = null;
    do {
      const params = { threadId: this.id, cursor, limit: 10, sortDirection, itemsView: "full" } as const;
      const page: { data: Turn[]; nextCursor: string | null } = await this.#session.request(
        "thread/turns/list",
        params,
      );
      yield* page.data;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  /** Loads the thread into the server, if this is another one than before. */
  async #load(): Promise<Connection> {
    const connection = await this.#session.connection();
    if (this.#loaded?.connection !== connection) {
      const params = { ...this.#resume, threadId: this.id, excludeTurns: true };
      const loaded = { connection, done: connection.request("thread/resume", params) };
      this.#loaded = loaded;
      loaded.done.catch(() => this.#loaded === loaded && (this.#loaded = null));
    }
    await this.#loaded.done;
    return connection;
  }
}
