// The images in memory: their order, what they were made from, and which of them match the filters.

import { day } from "./format";
import type { ImageEntry, InputImage, ThreadName } from "./source";

/** Which images to show. Empty texts filter nothing. */
export interface Filters {
  search: string;
  thread: string;
  provider: string;
  model: string;
  edits: "" | "edits" | "originals" | "edited" | "outside";
  since: string;
  until: string;
}

export const NO_FILTERS: Filters = {
  search: "",
  thread: "",
  provider: "",
  model: "",
  edits: "",
  since: "",
  until: "",
};

export class Library {
  /** Newest first. */
  images: ImageEntry[] = [];
  readonly #positions = new Map<string, number>();
  /** The handle of the oldest image with each content. */
  readonly #contents = new Map<string, string>();
  /** The handles of the images that name each image as an input, by its handle and by its content. */
  readonly #edits = new Map<string, string[]>();
  readonly #names = new Map<string, string>();
  readonly #texts = new WeakMap<ImageEntry, string>();

  /** Adds images that follow those that are known. */
  append(entries: ImageEntry[]): void {
    const known = this.images.length;
    this.images.push(...entries.filter((entry) => !this.#positions.has(entry.image.id)));
    this.#index(known);
  }

  /**
   * Takes `entries` as the images that follow the image `after`, or as the newest ones. What is known between them and
   * is not among them was deleted; `isEnd` says that none follow them. An image that is known keeps its object.
   */
  replace(after: string | null, entries: ImageEntry[], isEnd: boolean): void {
    const known = entries.filter((entry) => this.#positions.has(entry.image.id));
    const [first, last] = [known[0], known.at(-1)];
    let start = after === null ? 0 : (this.#positions.get(after) ?? -1) + 1;
    // The image before them was deleted, so that the part of the list begins with the first one that is known.
    if (after !== null && start === 0) {
      if (!first) return;
      start = this.position(first);
    }
    const kept = new Set(entries.map((entry) => entry.image.id));
    const older = isEnd ? [] : this.images.slice(last ? this.position(last) + 1 : start);
    const isOther = (entry: ImageEntry) => !kept.has(entry.image.id);
    this.images = [
      ...this.images.slice(0, start).filter(isOther),
      ...entries.map((entry) => this.get(entry.image.id) ?? entry),
      ...older.filter(isOther),
    ];
    this.#rebuild();
  }

  /** Removes an image that was deleted. */
  remove(id: string): void {
    this.images = this.images.filter((entry) => entry.image.id !== id);
    this.#rebuild();
  }

  setThreads(threads: ThreadName[]): void {
    for (const { id, name } of threads) this.#names.set(id, name);
  }

  threadName(id: string): string {
    return this.#names.get(id) || id;
  }

  get(id: string): ImageEntry | undefined {
    const position = this.#positions.get(id);
    return position === undefined ? undefined : this.images[position];
  }

  /** Returns the position of an image in the store, or -1. */
  position(entry: ImageEntry): number {
    return this.#positions.get(entry.image.id) ?? -1;
  }

  /**
   * Returns an image that `entry` was made from, if it is known. An image that was attached as a file has another
   * handle there, and the same content.
   */
  input(entry: ImageEntry, { id, sha256 }: InputImage): ImageEntry | undefined {
    const input = (id === null ? undefined : this.get(id)) ?? this.get(this.#contents.get(sha256) ?? "");
    return input === entry ? undefined : input;
  }

  /** Returns the images that were made from this one and are known, oldest first. */
  editsOf(entry: ImageEntry): ImageEntry[] {
    const { id, sha256 } = entry.image;
    const ids = new Set([...(this.#edits.get(id) ?? []), ...(this.#edits.get(sha256) ?? [])]);
    const edits = [...ids].map((edit) => this.get(edit)).filter((edit) => edit !== undefined);
    // Several images may have the same content.
    const isSource = (edit: ImageEntry) =>
      edit.image.derived?.from.includes(id) || edit.image.inputs.some((input) => this.input(edit, input) === entry);
    return edits.filter(isSource).sort((a, b) => this.position(b) - this.position(a));
  }

  /** Returns the image that this one changes, if it is known: its first input, or the edit whose pixels it has. */
  baseOf(entry: ImageEntry): ImageEntry | undefined {
    const from = entry.image.derived?.from[0];
    return from === undefined ? this.comparedWith(entry) : this.get(from);
  }

  /** Returns the image that the record of this one compares it with, if it is known. */
  comparedWith(entry: ImageEntry): ImageEntry | undefined {
    const { edit, inputs, derived } = entry.image;
    const input = edit ? inputs.find(({ id }) => id === edit.base) : inputs[0];
    if (input) return this.input(entry, input);
    return this.get(edit?.base ?? derived?.from[0] ?? "");
  }

  /** Returns the images that this one goes back to, oldest first. */
  ancestors(entry: ImageEntry): ImageEntry[] {
    const chain: ImageEntry[] = [];
    const seen = new Set([entry.image.id]);
    for (let base = this.baseOf(entry); base && !seen.has(base.image.id); base = this.baseOf(base)) {
      seen.add(base.image.id);
      chain.unshift(base);
    }
    return chain;
  }

  /** Returns the distinct values of a property and how many images have each, most frequent first. */
  values(property: (entry: ImageEntry) => string): [string, number][] {
    const counts = new Map<string, number>();
    for (const entry of this.images) counts.set(property(entry), (counts.get(property(entry)) ?? 0) + 1);
    return [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
  }

  /** Returns the images that match all filters, newest first. */
  filter(filters: Filters): ImageEntry[] {
    const words = filters.search.toLowerCase().split(/\s+/).filter(Boolean);
    return this.images.filter((entry) => {
      const { image } = entry;
      if (filters.thread && entry.threadId !== filters.thread) return false;
      if (filters.provider && image.provider !== filters.provider) return false;
      if (filters.model && image.model !== filters.model) return false;
      if (filters.since && day(entry.createdAt) < filters.since) return false;
      if (filters.until && day(entry.createdAt) > filters.until) return false;
      if (filters.edits === "edits" && !isEdit(entry)) return false;
      if (filters.edits === "originals" && isEdit(entry)) return false;
      if (filters.edits === "outside" && !image.edit?.outside?.changed) return false;
      if (filters.edits === "edited" && this.editsOf(entry).length === 0) return false;
      if (words.length === 0) return true;
      const [text, name] = [this.#text(entry), this.threadName(entry.threadId).toLowerCase()];
      return words.every((word) => text.includes(word) || name.includes(word));
    });
  }

  /** Returns what the search reads of a record. The name of its thread is not in it: it arrives later, and changes. */
  #text(entry: ImageEntry): string {
    let text = this.#texts.get(entry);
    if (text === undefined) {
      const { id, provider, model, requested, revisedPrompt } = entry.image;
      text = [requested.prompt, revisedPrompt ?? "", id, provider, model].join("\n").toLowerCase();
      this.#texts.set(entry, text);
    }
    return text;
  }

  #rebuild(): void {
    this.#positions.clear();
    this.#contents.clear();
    this.#edits.clear();
    this.#index(0);
  }

  #index(start: number): void {
    for (let position = start; position < this.images.length; position++) {
      const entry = this.images[position];
      if (!entry) continue;
      this.#positions.set(entry.image.id, position);
      this.#contents.set(entry.image.sha256, entry.image.id);
      for (const source of sources(entry)) {
        const edits = this.#edits.get(source);
        if (edits) edits.push(entry.image.id);
        else this.#edits.set(source, [entry.image.id]);
      }
    }
  }
}

export function isEdit(entry: ImageEntry): boolean {
  return entry.image.requested.action === "edit" || entry.image.derived !== undefined;
}

/** Returns the handles and contents of the images that this one was made from. */
function sources({ image }: ImageEntry): Set<string> {
  const inputs = image.inputs.flatMap(({ id, sha256 }) => (id === null ? [sha256] : [id, sha256]));
  return new Set([...inputs, ...(image.derived?.from ?? [])]);
}
