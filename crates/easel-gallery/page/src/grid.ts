// The grid: only the rows on the screen are in the document, whatever the number of images.
//
// It follows the ARIA pattern of a layout grid: one cell is in the tab order, and the arrow keys move from cell to cell.
// The row of that cell stays in the document when it is scrolled away, so that the focus is never lost.

import { createCell, showInCell, type Cell } from "./cell";
import { element } from "./dom";
import type { ImageEntry } from "./source";
import type { Thumbnails } from "./thumbnails";

/** The smallest width of a cell in pixels; two fit on a narrow phone. */
const MIN_CELL = 150;
const GAP = 12;
/** Height of the caption below a picture, as in style.css. */
const CAPTION = 64;
/** Rows above and below the screen that are kept ready. */
const OVERSCAN = 2;

interface Row {
  root: HTMLElement;
  cells: Cell[];
  /** What the row shows and how: its images and the size of a cell. A row that would be the same stays. */
  content: string;
}

export class Grid {
  readonly #scroller: HTMLElement;
  readonly #thumbnails: Thumbnails;
  readonly #onOpen: (entry: ImageEntry) => void;
  readonly #canvas = element("div", { role: "grid", "aria-label": "Images", class: "grid" });
  #images: ImageEntry[] = [];
  #columns = 1;
  #cell = MIN_CELL;
  /** The position of the cell in the tab order. */
  #active = 0;
  readonly #rows = new Map<number, Row>();
  #frame = 0;

  constructor(scroller: HTMLElement, thumbnails: Thumbnails, onOpen: (entry: ImageEntry) => void) {
    this.#scroller = scroller;
    this.#thumbnails = thumbnails;
    this.#onOpen = onOpen;
    scroller.append(this.#canvas);
    scroller.addEventListener("scroll", () => this.#schedule(), { passive: true });
    this.#canvas.addEventListener("keydown", (event) => this.#onKey(event));
    new ResizeObserver(() => this.#layout()).observe(scroller);
  }

  /**
   * Shows these images. The active one stays active if it is among them, and what is on the screen stays there when
   * images arrive or go above it.
   */
  setImages(images: ImageEntry[]): void {
    const top = Math.floor(this.#scroller.scrollTop / this.#pitch);
    const [active, anchor] = [this.#images[this.#active], this.#images[top * this.#columns]];
    this.#images = images;
    const position = (entry: ImageEntry | undefined) => (entry ? images.indexOf(entry) : -1);
    const found = position(active);
    // The focus moves to the neighbour of an image that is gone.
    const neighbour = this.#hasFocus ? Math.max(Math.min(this.#active, images.length - 1), 0) : 0;
    const isUnused = !this.#hasFocus && this.#active === 0 && this.#scroller.scrollTop === 0;
    this.#active = found < 0 || isUnused ? neighbour : found;
    this.#layout();
    const moved = position(anchor);
    if (this.#scroller.scrollTop > 0 && moved >= 0) {
      this.#scroller.scrollTop += (Math.floor(moved / this.#columns) - top) * this.#pitch;
      this.#render();
    }
  }

  get images(): readonly ImageEntry[] {
    return this.#images;
  }

  /** Moves the focus to an image, or to the one in the tab order if it is not in the grid, and scrolls to it. */
  focusImage(entry: ImageEntry): void {
    const index = this.#images.indexOf(entry);
    this.focus(index < 0 ? this.#active : index);
  }

  /** Moves the focus to an image, and scrolls to it. */
  focus(index: number): void {
    if (this.#images.length === 0) return;
    this.#active = Math.min(Math.max(index, 0), this.#images.length - 1);
    const row = Math.floor(this.#active / this.#columns);
    const [top, bottom] = [row * this.#pitch, (row + 1) * this.#pitch];
    const { scrollTop, clientHeight } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.#scroller.scrollTop = bottom - clientHeight;
    this.#render();
    this.#focusActive();
  }

  get #hasFocus(): boolean {
    return this.#canvas.contains(document.activeElement);
  }

  #focusActive(): void {
    const row = this.#rows.get(Math.floor(this.#active / this.#columns));
    row?.cells[this.#active % this.#columns]?.button.focus({ preventScroll: true });
  }

  /** Height of a row and the gap below it. */
  get #pitch(): number {
    return this.#cell + CAPTION + GAP;
  }

  #layout(): void {
    const style = getComputedStyle(this.#scroller);
    const width = this.#scroller.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (width <= 0) return;
    this.#columns = Math.max(Math.floor((width + GAP) / (MIN_CELL + GAP)), 1);
    this.#cell = Math.floor((width + GAP) / this.#columns) - GAP;
    const rows = Math.ceil(this.#images.length / this.#columns);
    this.#canvas.style.height = `${Math.max(rows * this.#pitch - GAP, 0)}px`;
    this.#canvas.setAttribute("aria-rowcount", String(rows));
    this.#canvas.setAttribute("aria-colcount", String(this.#columns));
    this.#canvas.hidden = rows === 0;
    this.#render();
  }

  /** Renders once before the next frame, however many events come before it. */
  #schedule(): void {
    this.#frame ||= requestAnimationFrame(() => this.#render());
  }

  #render(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const count = Math.ceil(this.#images.length / this.#columns);
    const { scrollTop, clientHeight } = this.#scroller;
    const first = Math.max(Math.floor(scrollTop / this.#pitch) - OVERSCAN, 0);
    const last = Math.min(Math.ceil((scrollTop + clientHeight) / this.#pitch) + OVERSCAN, count) - 1;
    const pinned = Math.floor(this.#active / this.#columns);
    const wanted = new Set<number>(count > 0 ? [pinned] : []);
    for (let row = first; row <= last; row++) wanted.add(row);
    const hadFocus = this.#hasFocus;
    for (const [row, { content }] of this.#rows) {
      if (!wanted.has(row) || content !== this.#content(row)) this.#removeRow(row);
    }
    for (const row of wanted) if (!this.#rows.has(row)) this.#addRow(row);
    this.#updateTabOrder();
    if (hadFocus && !this.#hasFocus) this.#focusActive();
  }

  /** Returns the images of a row. */
  #imagesOf(row: number): ImageEntry[] {
    return this.#images.slice(row * this.#columns, (row + 1) * this.#columns);
  }

  #content(row: number): string {
    return [this.#columns, this.#cell, ...this.#imagesOf(row).map((entry) => entry.image.id)].join(" ");
  }

  #addRow(number: number): void {
    const root = element("div", { role: "row", "aria-rowindex": String(number + 1), class: "row" });
    root.style.transform = `translateY(${number * this.#pitch}px)`;
    root.style.gridTemplateColumns = `repeat(${this.#columns}, ${this.#cell}px)`;
    const start = number * this.#columns;
    const cells = this.#imagesOf(number).map((entry, column) => {
      const cell = createCell(column, this.#cell);
      cell.button.addEventListener("click", () => {
        // Not every browser focuses a button that is clicked.
        this.#setActive(start + column);
        this.#onOpen(entry);
      });
      cell.button.addEventListener("focus", () => this.#setActive(start + column));
      showInCell(cell, entry);
      this.#thumbnails.show(entry, cell.picture);
      return cell;
    });
    root.append(...cells.map((cell) => cell.root));
    this.#rows.set(number, { root, cells, content: this.#content(number) });
    // In the order of the rows, which is also that of a screen reader.
    const next = [...this.#rows.keys()].filter((row) => row > number).sort((a, b) => a - b)[0];
    this.#canvas.insertBefore(root, next === undefined ? null : (this.#rows.get(next)?.root ?? null));
  }

  #removeRow(number: number): void {
    const row = this.#rows.get(number);
    row?.cells.forEach((cell) => this.#thumbnails.cancel(cell.picture));
    row?.root.remove();
    this.#rows.delete(number);
  }

  #setActive(index: number): void {
    this.#active = index;
    this.#updateTabOrder();
  }

  #updateTabOrder(): void {
    for (const [number, { cells }] of this.#rows) {
      cells.forEach(({ button }, column) => {
        button.tabIndex = number * this.#columns + column === this.#active ? 0 : -1;
      });
    }
  }

  #onKey(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey || (event.ctrlKey && event.key !== "Home" && event.key !== "End")) return;
    const page = Math.max(Math.floor(this.#scroller.clientHeight / this.#pitch), 1);
    const column = this.#active % this.#columns;
    const rowStart = this.#active - column;
    const last = this.#images.length - 1;
    // A step beyond the first or last row ends in it, and in the same column.
    const lastRow = Math.floor(last / this.#columns);
    const rowAt = (distance: number) =>
      Math.min(Math.max(rowStart / this.#columns + distance, 0), lastRow) * this.#columns + column;
    const targets: Record<string, number> = {
      ArrowLeft: this.#active - 1,
      ArrowRight: this.#active + 1,
      ArrowUp: rowAt(-1),
      ArrowDown: rowAt(1),
      PageUp: rowAt(-page),
      PageDown: rowAt(page),
      Home: event.ctrlKey ? 0 : rowStart,
      End: event.ctrlKey ? last : rowStart + this.#columns - 1,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.focus(target);
  }
}
