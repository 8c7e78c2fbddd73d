// One cell of the grid: a button with a picture and a caption.

import { element } from "./dom";
import { shortTime } from "./format";
import { isEdit } from "./library";
import type { ImageEntry } from "./source";

/** Characters of a prompt in a cell. */
const MAX_PROMPT = 160;

export interface Cell {
  root: HTMLElement;
  button: HTMLButtonElement;
  picture: HTMLImageElement;
  prompt: HTMLElement;
  facts: HTMLElement;
}

/** Creates a cell without an image, whose picture has this edge in pixels. */
export function createCell(column: number, edge: number): Cell {
  // The caption is the name of the button, so the picture has none.
  const picture = element("img", { alt: "", decoding: "async", draggable: "false" });
  picture.width = picture.height = edge;
  const prompt = element("span", { class: "prompt" });
  const facts = element("span", { class: "facts" });
  const button = element("button", { type: "button", tabindex: "-1" }, picture, prompt, facts);
  const root = element("div", { role: "gridcell", "aria-colindex": String(column + 1) }, button);
  return { root, button, picture, prompt, facts };
}

/** Fills the caption of a cell. */
export function showInCell(cell: Cell, entry: ImageEntry): void {
  const { requested } = entry.image;
  cell.prompt.textContent = shorten(requested.prompt) || "(no prompt)";
  cell.facts.textContent = `${isEdit(entry) ? "Edit · " : ""}${shortTime(entry.createdAt)}`;
}

/** Shortens a text in one line. */
export function shorten(text: string, length = MAX_PROMPT): string {
  const line = text.slice(0, 4 * length).replace(/\s+/g, " ").trim();
  return line.length > length ? `${line.slice(0, length)}…` : line;
}
