// Repeats what fails, and remembers what does not work at the moment.

import { Unauthorized } from "./source";

/** How long to wait after a failure, in milliseconds. */
const RETRY_DELAY = 5000;

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export class Retry {
  readonly #canSucceed: boolean;
  readonly #onChange: () => void;
  readonly #problems = new Map<string, string>();

  /** `canSucceed` says whether another attempt can end in another way. `onChange` is called when the problem changes. */
  constructor(canSucceed: boolean, onChange: () => void) {
    this.#canSucceed = canSucceed;
    this.#onChange = onChange;
  }

  /** What does not work now; `null` if everything works. */
  get problem(): string | null {
    return [...this.#problems.values()][0] ?? null;
  }

  /** Reads something, again and again until it is there. Fails only if no attempt can succeed. */
  async until<T>(what: string, read: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const value = await read();
        if (this.#problems.delete(what)) this.#onChange();
        return value;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#problems.set(what, `${what} cannot be read: ${reason}`);
        this.#onChange();
        if (!this.#canSucceed || error instanceof Unauthorized) throw error;
        await delay(RETRY_DELAY);
      }
    }
  }
}

/** Returns a function that does `work` some time later: once for all calls before it begins, and never twice at a time. */
export function combineCalls(work: () => Promise<void>, milliseconds: number): () => void {
  let [isWanted, isRunning] = [false, false];
  const run = async () => {
    isRunning = true;
    while (isWanted) {
      await delay(milliseconds);
      isWanted = false;
      await work();
    }
    isRunning = false;
  };
  return () => {
    isWanted = true;
    if (!isRunning) void run();
  };
}
