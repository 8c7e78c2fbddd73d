// Loads thumbnails while their cells are on the screen, a few at a time, and keeps a limited number of them.

import { NotFound, Unavailable, type ImageEntry, type Picture, type Source } from "./source";
import type { Library } from "./library";

/** Pictures that are kept. Each has some tens of kilobytes. */
const MAX_PICTURES = 600;
/** Requests at once. A browser opens at most six connections to a server, and one waits for changes. */
const MAX_REQUESTS = 4;

/** How long no new cell must appear before requests begin, in milliseconds: nobody sees what is scrolled past. */
const PAUSE = 60;
/** How long to wait before each further attempt after the server had no time, in milliseconds. */
const RETRY_DELAYS = [1000, 3000];

interface Request {
  entry: ImageEntry;
  target: HTMLImageElement;
  abort: AbortController;
}

export class Thumbnails {
  readonly #source: Source;
  readonly #library: Library;
  readonly #onDeleted: (id: string) => void;
  /** Least recently used first. */
  readonly #pictures = new Map<string, Picture>();
  #waiting: Request[] = [];
  readonly #requests = new Map<HTMLImageElement, Request>();
  #running = 0;
  #timer = 0;

  constructor(source: Source, library: Library, onDeleted: (id: string) => void) {
    this.#source = source;
    this.#library = library;
    this.#onDeleted = onDeleted;
  }

  /** Shows the picture of an image in `target` as soon as it is there. */
  show(entry: ImageEntry, target: HTMLImageElement): void {
    this.cancel(target);
    const picture = this.#pictures.get(entry.image.id);
    if (picture) {
      this.#pictures.delete(entry.image.id);
      this.#pictures.set(entry.image.id, picture);
      target.src = picture.url;
      return;
    }
    target.removeAttribute("src");
    delete target.dataset["failed"];
    const request = { entry, target, abort: new AbortController() };
    this.#requests.set(target, request);
    this.#waiting.push(request);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(), PAUSE);
  }

  /** Ends the wait of an element that shows another image, or none. */
  cancel(target: HTMLImageElement): void {
    const request = this.#requests.get(target);
    if (!request) return;
    this.#requests.delete(target);
    this.#waiting = this.#waiting.filter((waiting) => waiting !== request);
    request.abort.abort();
  }

  /** Starts requests, the newest first: it is for what the user looks at. */
  #next(): void {
    while (this.#running < MAX_REQUESTS) {
      const request = this.#waiting.pop();
      if (!request) return;
      this.#running++;
      void this.#load(request).finally(() => {
        this.#running--;
        this.#next();
      });
    }
  }

  async #load({ entry, target, abort }: Request): Promise<void> {
    const { id } = entry.image;
    try {
      const picture = await this.#read(entry, abort.signal);
      this.#keep(id, picture);
      if (!abort.signal.aborted) target.src = picture.url;
    } catch (error) {
      if (abort.signal.aborted) return;
      if (error instanceof NotFound && this.#source.isLive) this.#onDeleted(id);
      target.dataset["failed"] = "";
    } finally {
      if (this.#requests.get(target)?.abort === abort) this.#requests.delete(target);
    }
  }

  /** Reads a picture, and tries again if the server has no time. */
  async #read(entry: ImageEntry, signal: AbortSignal): Promise<Picture> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#source.thumbnail(entry, this.#library.position(entry), signal);
      } catch (error) {
        const delay = RETRY_DELAYS[attempt];
        if (signal.aborted || delay === undefined || !(error instanceof Unavailable)) throw error;
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }

  #keep(id: string, picture: Picture): void {
    this.#pictures.get(id)?.release();
    this.#pictures.delete(id);
    this.#pictures.set(id, picture);
    for (const [oldest, { release }] of this.#pictures) {
      if (this.#pictures.size <= MAX_PICTURES) break;
      release();
      this.#pictures.delete(oldest);
    }
  }
}
