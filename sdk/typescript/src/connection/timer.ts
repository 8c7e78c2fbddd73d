/** The longest time that a timer of Node.js can have. A longer one would end at once. */
const MAX_TIMER = 2 ** 31 - 1;

/** Calls a function after some milliseconds. `Infinity` is a time that no program waits for. */
export function startTimer(callback: () => void, ms: number): NodeJS.Timeout {
  return setTimeout(callback, Math.min(ms, MAX_TIMER));
}
