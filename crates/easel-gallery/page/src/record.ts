// The whole record of an image, as a list for people and as JSON.

import { button, element, type Child } from "./dom";
import { bytes, count, time } from "./format";
import { describeDerivation, describeEdit } from "./report";
import type { Library } from "./library";
import type { ImageEntry } from "./source";

/** Creates the parts of the dialog that describe an image. */
export function createRecord(entry: ImageEntry, library: Library): Child[] {
  const { image } = entry;
  const { requested, applied, usage } = image;
  const list = element("dl");
  const add = (term: string, text: string | null | undefined) => {
    if (text) list.append(element("dt", {}, term), element("dd", {}, text));
  };
  add("Prompt", requested.prompt || "(none)");
  add("Prompt as the provider rewrote it", image.revisedPrompt);
  add("Size", `${image.width} × ${image.height} pixels, ${bytes(image.bytes)}, ${image.mediaType}`);
  add("Provider", image.synthetic ? `${image.provider} (drawn by rules, not by a model)` : image.provider);
  add("Model", image.model);
  add("Requested", parameters(requested));
  add("Applied", parameters(applied));
  add("Time", `${(image.elapsedMs / 1000).toFixed(1)} s, ${count(image.attempts)} sent`);
  add("Tokens", usage && `${count(usage.inputTokens)} in, ${count(usage.outputTokens)} out`);
  add("Edit", image.edit && describeEdit(image.edit));
  add("Derived", image.derived && describeDerivation(image.derived));
  add("Thread", library.threadName(entry.threadId));
  add("Stored", time(entry.createdAt));
  add("Handle", image.id);
  add("File", image.path);
  const json = JSON.stringify(entry, null, 2);
  const text = element("pre", { tabindex: "0", "data-scrolls": true, role: "region", "aria-label": "Record" }, json);
  return [element("h3", {}, "Record"), list, copyButtons(entry, json), details("Whole record as JSON", text)];
}

function copyButtons(entry: ImageEntry, json: string): HTMLElement {
  const status = element("span", { role: "status" });
  const copy = (label: string, text: string) =>
    button(label, () => {
      const refuse = () => (status.textContent = "The browser did not allow it.");
      // A browser that does not trust the address of the page has no clipboard for it, whatever its type says.
      const clipboard = navigator.clipboard as Clipboard | undefined;
      if (clipboard) clipboard.writeText(text).then(() => (status.textContent = "Copied."), refuse);
      else refuse();
    });
  const { image } = entry;
  return element(
    "p",
    { class: "actions" },
    copy("Copy handle", image.id),
    copy("Copy prompt", image.requested.prompt),
    copy("Copy JSON", json),
    status,
  );
}

function details(summary: string, content: HTMLElement): HTMLElement {
  return element("details", {}, element("summary", {}, summary), content);
}

function parameters(image: ImageEntry["image"]["applied"]): string {
  const values = [image.size, image.quality, image.background, image.outputFormat].filter(Boolean);
  if (image.n !== null && image.n > 1) values.push(`${image.n} images`);
  return values.join(", ");
}
