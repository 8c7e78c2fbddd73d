// Formats numbers, sizes and times for people. Days are in UTC, as in `usage/read`.

const counts = new Intl.NumberFormat("en-US");
const times = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

export function count(value: number): string {
  return counts.format(value);
}

/** Formats a number of things, such as `1 image` or `1,200 images`. */
export function countOf(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

export function dollars(value: number | null): string {
  return value === null ? "unknown" : `$${value.toFixed(value !== 0 && value < 0.1 ? 4 : 2)}`;
}

export function bytes(value: number): string {
  if (value < 1024) return countOf(value, "byte");
  const exponent = Math.min(Math.floor(Math.log2(value) / 10), 3);
  return `${(value / 1024 ** exponent).toFixed(1)} ${["", "KiB", "MiB", "GiB"][exponent] ?? ""}`;
}

/** Formats Unix seconds, such as `29 Nov 2026, 12:00 UTC`. */
export function time(seconds: number): string {
  return `${shortTime(seconds)} UTC`;
}

/** Formats Unix seconds without the time zone, where there is little room. */
export function shortTime(seconds: number): string {
  return times.format(seconds * 1000);
}

/** Returns the day of Unix seconds as `YYYY-MM-DD`. */
export function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
