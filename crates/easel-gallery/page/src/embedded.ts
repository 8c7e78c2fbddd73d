// The images that `easel gallery --out` has written into the page.

import { NotFound, type HeatMap, type ImageEntry, type ImagePage, type Picture, type Source } from "./source";
import type { ThreadName, UsageReadResponse } from "./source";

/** What `--out` embeds, besides the thumbnails. */
interface Snapshot {
  images: ImageEntry[];
  threads: ThreadName[];
  usage: UsageReadResponse;
  note: string | null;
  /** Thumbnails in one element. */
  chunkLength: number;
}

/** Chunks of thumbnails that are kept after they were parsed. */
const MAX_CHUNKS = 24;

export class EmbeddedSource implements Source {
  readonly isLive = false;
  readonly note: string | null;
  readonly #snapshot: Snapshot;
  /** The data URLs of the newest chunks in use. */
  readonly #chunks = new Map<number, (string | null)[]>();

  /** The data URLs of heat maps by handle, once they are needed. */
  #heatMaps: Record<string, string> | undefined;

  constructor(snapshot: HTMLElement) {
    this.#snapshot = JSON.parse(snapshot.textContent ?? "") as Snapshot;
    this.note = this.#snapshot.note;
  }

  async images(): Promise<ImagePage> {
    return { data: this.#snapshot.images, nextCursor: null };
  }

  async threads(): Promise<ThreadName[]> {
    return this.#snapshot.threads;
  }

  async usage(): Promise<UsageReadResponse> {
    return this.#snapshot.usage;
  }

  async thumbnail(_image: ImageEntry, index: number): Promise<Picture> {
    const length = this.#snapshot.chunkLength;
    const url = (await this.#chunk(Math.floor(index / length)))[index % length];
    if (!url) throw new NotFound("The file has no picture of this image.");
    return { url, release: () => {} };
  }

  picture(image: ImageEntry, index: number): Promise<Picture> {
    return this.thumbnail(image, index);
  }

  async heatMap(_base: ImageEntry, edit: ImageEntry): Promise<HeatMap> {
    this.#heatMaps ??= parseElement<Record<string, string>>(await findElement("heat-maps")) ?? {};
    const url = this.#heatMaps[edit.image.id];
    if (!url) throw new NotFound("The file has no heat map of this edit.");
    return { url, report: null };
  }

  waitForChange(): Promise<string | null> {
    return new Promise(() => {});
  }

  /** Parses a chunk, or returns it from the cache. */
  async #chunk(number: number): Promise<(string | null)[]> {
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) {
      chunk = parseElement<(string | null)[]>(await findElement(`thumbnails-${number}`)) ?? [];
    }
    this.#chunks.delete(number);
    this.#chunks.set(number, chunk);
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size <= MAX_CHUNKS) break;
      this.#chunks.delete(oldest);
    }
    return chunk;
  }
}

function parseElement<T>(element: HTMLElement | null): T | null {
  return element ? (JSON.parse(element.textContent ?? "") as T) : null;
}

/** Returns an element of the file, and waits for it while the file is being read: a large one has it far behind. */
function findElement(id: string): Promise<HTMLElement | null> {
  return new Promise((resolve) => {
    const observer = new MutationObserver(() => find());
    const find = () => {
      const element = document.getElementById(id);
      // An element is complete when another node follows it, or when everything is there.
      const isComplete = document.readyState !== "loading";
      if (!isComplete && !element?.nextSibling) return false;
      observer.disconnect();
      document.removeEventListener("readystatechange", find);
      resolve(element);
      return true;
    };
    if (find()) return;
    observer.observe(document.body, { childList: true });
    document.addEventListener("readystatechange", find);
  });
}
