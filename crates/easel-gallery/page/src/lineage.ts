// What an image was made from and what was made from it.

import { shorten } from "./cell";
import { element } from "./dom";
import type { Library } from "./library";
import type { ImageEntry } from "./source";

/** Loads pictures into elements. */
export interface Pictures {
  /** Loads the largest picture that there is. */
  load: (entry: ImageEntry, target: HTMLImageElement) => void;
  /** Loads a small picture. */
  loadThumbnail: (entry: ImageEntry, target: HTMLImageElement) => void;
}

/** Images of one list. An image may have any number of edits. */
const MAX_IMAGES = 24;

/** Creates the list of the images that this one belongs to, oldest first; `null` if it was neither edited nor an edit. */
export function createLineage(
  entry: ImageEntry,
  library: Library,
  pictures: Pictures,
  onOpen: (entry: ImageEntry) => void,
): HTMLElement | null {
  const ancestors = library.ancestors(entry);
  const others = entry.image.inputs.slice(1).map((input) => library.input(entry, input));
  const references = others.filter((reference) => reference !== undefined);
  const edits = library.editsOf(entry);
  const unknown = entry.image.inputs.filter((input) => !library.input(entry, input)).length;
  if (ancestors.length + references.length + edits.length + unknown === 0) return null;

  const item = (shown: ImageEntry, role: string) => {
    const prompt = shorten(shown.image.requested.prompt, 80) || "(no prompt)";
    const picture = element("img", { alt: "", width: "96", height: "96", decoding: "async" });
    pictures.loadThumbnail(shown, picture);
    const isCurrent = shown === entry;
    const label = element("span", {}, element("strong", {}, role), ` ${prompt}`);
    const node = element("button", { type: "button", "aria-current": isCurrent && "true" }, picture, label);
    node.disabled = isCurrent;
    node.addEventListener("click", () => onOpen(shown));
    return element("li", {}, node);
  };
  const list = element(
    "ol",
    { class: "lineage" },
    ...ancestors.slice(-MAX_IMAGES).map((shown, index) => item(shown, index === 0 ? "Original" : "Edit")),
    item(entry, "This image"),
    ...edits.slice(0, MAX_IMAGES).map((shown) => item(shown, "Edited into")),
  );
  const notes = [
    edits.length > MAX_IMAGES ? `${edits.length - MAX_IMAGES} more edits are not shown.` : "",
    unknown > 0 ? `${unknown} of the inputs are not in this gallery: attached, deleted or older files.` : "",
  ].filter(Boolean);
  return element(
    "section",
    { class: "wide", "aria-label": "Lineage" },
    element("h3", {}, "Lineage"),
    list,
    references.length > 0 ? element("h4", {}, "Other references") : null,
    references.length > 0
      ? element("ol", { class: "lineage" }, ...references.map((shown) => item(shown, "Reference")))
      : null,
    ...notes.map((note) => element("p", { class: "note" }, note)),
  );
}
