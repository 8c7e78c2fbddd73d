// The dialog that shows one image: the picture, its record, what it was made from and what was made from it.

import { shorten } from "./cell";
import { createComparison } from "./compare";
import { button, element } from "./dom";
import { count, time } from "./format";
import type { Library } from "./library";
import { createLineage } from "./lineage";
import { createRecord } from "./record";
import { NotFound, type ImageEntry, type Picture, type Source } from "./source";
import type { Thumbnails } from "./thumbnails";

/** What the dialog needs from the rest of the page. */
export interface DetailContext {
  source: Source;
  library: Library;
  thumbnails: Thumbnails;
  /** The images to step through. */
  images: () => readonly ImageEntry[];
  /** Called with the handle of an image that turns out to be deleted. */
  onDeleted: (id: string) => void;
  /** Called with the image that was shown last. */
  onClose: (entry: ImageEntry) => void;
}

export class Detail {
  readonly #dialog: HTMLDialogElement;
  readonly #context: DetailContext;
  readonly #title = element("h2", { id: "detail-title", tabindex: "-1" });
  readonly #previous = button("Previous", () => this.#step(-1));
  readonly #next = button("Next", () => this.#step(1));
  readonly #body = element("div", { class: "body" });
  #entry: ImageEntry | null = null;
  /** Ends what the shown image loads. */
  #abort = new AbortController();
  /** The pictures of the shown image and of those that it is compared with, by handle. */
  readonly #pictures = new Map<string, Promise<Picture>>();
  /** The elements with small pictures. */
  #small: HTMLImageElement[] = [];

  constructor(dialog: HTMLDialogElement, context: DetailContext) {
    this.#dialog = dialog;
    this.#context = context;
    const close = button("Close", () => dialog.close());
    dialog.append(element("div", { class: "bar" }, this.#title, this.#previous, this.#next, close), this.#body);
    dialog.addEventListener("close", () => this.#onClose());
    dialog.addEventListener("keydown", (event) => this.#onKey(event));
    dialog.addEventListener("click", (event) => {
      // A click on the backdrop has the dialog itself as its target.
      if (event.target === dialog) dialog.close();
    });
  }

  get isOpen(): boolean {
    return this.#dialog.open;
  }

  open(entry: ImageEntry): void {
    this.#show(entry);
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#title.focus();
  }

  /** Enables the buttons for the neighbours, which change when images arrive. */
  update(): void {
    const images = this.#context.images();
    const position = this.#entry ? images.indexOf(this.#entry) : -1;
    this.#title.textContent =
      position < 0 ? "Image" : `Image ${count(position + 1)} of ${count(images.length)}`;
    this.#previous.disabled = position <= 0;
    this.#next.disabled = position < 0 || position === images.length - 1;
  }

  #show(entry: ImageEntry): void {
    this.#release();
    this.#entry = entry;
    this.update();
    const { library, source } = this.#context;
    const base = library.comparedWith(entry);
    const { image } = entry;
    const picture = element("img", { alt: shorten(image.requested.prompt, 300) || "Image without a prompt" });
    picture.width = image.width;
    picture.height = image.height;
    this.#load(entry, picture);
    const pictures = {
      load: (shown: ImageEntry, target: HTMLImageElement) => this.#load(shown, target),
      loadThumbnail: (shown: ImageEntry, target: HTMLImageElement) => this.#loadThumbnail(shown, target),
    };
    const parts = [
      element("figure", {}, picture, element("figcaption", {}, time(entry.createdAt))),
      element("div", { class: "facts" }, ...createRecord(entry, library)),
      base ? createComparison(base, entry, pictures, () => source.heatMap(base, entry)) : null,
      createLineage(entry, library, pictures, (shown) => this.open(shown)),
    ];
    this.#body.replaceChildren(...parts.filter((part) => part !== null));
    this.#body.scrollTop = 0;
  }

  /** Loads the picture of an image into an element, once for all elements. It is released with the dialog. */
  #load(entry: ImageEntry, target: HTMLImageElement): void {
    const { source, library } = this.#context;
    const { signal } = this.#abort;
    const { id } = entry.image;
    const loading = this.#pictures.get(id) ?? source.picture(entry, library.position(entry), signal);
    this.#pictures.set(id, loading);
    loading.then(
      ({ url }) => {
        if (!signal.aborted) target.src = url;
      },
      (error: unknown) => {
        if (signal.aborted) return;
        target.dataset["failed"] = "";
        if (error instanceof NotFound && source.isLive) this.#context.onDeleted(id);
      },
    );
  }

  #loadThumbnail(entry: ImageEntry, target: HTMLImageElement): void {
    this.#small.push(target);
    this.#context.thumbnails.show(entry, target);
  }

  #release(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    // One that fails has nothing to release.
    const nothing = () => {};
    this.#pictures.forEach((loading) => void loading.then((picture) => picture.release(), nothing));
    this.#pictures.clear();
    this.#small.forEach((target) => this.#context.thumbnails.cancel(target));
    this.#small = [];
  }

  #onClose(): void {
    this.#release();
    this.#body.replaceChildren();
    const entry = this.#entry;
    this.#entry = null;
    if (entry) this.#context.onClose(entry);
  }

  #step(distance: number): void {
    const images = this.#context.images();
    const entry = this.#entry && images[images.indexOf(this.#entry) + distance];
    if (entry) this.open(entry);
  }

  /** Steps with the arrow keys, unless they belong to the control that has the focus. */
  #onKey(event: KeyboardEvent): void {
    const { target } = event;
    if (target instanceof Element && target.closest("input[type=range], [data-scrolls]")) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft") this.#step(-1);
    else if (event.key === "ArrowRight") this.#step(1);
    else return;
    event.preventDefault();
  }
}
