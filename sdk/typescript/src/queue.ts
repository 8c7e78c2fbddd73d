import { EventOverflowError } from "./errors.js";

/**
 * The events between the connection and one consumer. It has a limit, since the connection goes on reading while the
 * consumer waits: the answers of other requests are in the same stream.
 */
export class EventQueue<T> implements AsyncIterableIterator<T> {
  readonly #limit: number;
  readonly #onClose: () => void;
  #events: T[] = [];
  #waiting: { resolve(result: IteratorResult<T>): void; reject(error: unknown): void }[] = [];
  #end: { error?: unknown } | null = null;

  /** `onClose` is called once, when no more events are accepted. */
  constructor(limit: number, onClose: () => void = () => {}) {
    this.#limit = limit;
    this.#onClose = onClose;
  }

  /** Adds an event. One that exceeds the limit ends the queue with an error, after the events before it. */
  push(event: T): void {
    if (this.#end) return;
    const waiting = this.#waiting.shift();
    if (waiting) waiting.resolve({ value: event, done: false });
    else if (this.#events.length < this.#limit) this.#events.push(event);
    else this.end(new EventOverflowError(`more than ${this.#limit} events were not read; read them sooner`));
  }

  /** Ends the queue after the events in it, with an error if there is one. */
  end(error?: unknown): void {
    if (this.#end) return;
    this.#end = error === undefined ? {} : { error };
    this.#onClose();
    for (const waiting of this.#waiting.splice(0)) this.next().then(waiting.resolve, waiting.reject);
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#events.length > 0) return Promise.resolve({ value: this.#events.shift()!, done: false });
    if (!this.#end) return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    if (!("error" in this.#end)) return Promise.resolve({ value: undefined, done: true });
    const { error } = this.#end;
    this.#end = {};
    return Promise.reject(error);
  }

  /** Ends the queue because its consumer has left the loop. */
  return(): Promise<IteratorResult<T>> {
    this.#events = [];
    this.end();
    this.#end = {};
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
