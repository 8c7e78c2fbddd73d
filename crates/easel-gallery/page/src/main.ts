// The page: loads the images, connects the form, the grid and the dialog, and follows new images.

import { Detail } from "./detail";
import { byId } from "./dom";
import { FilterForm } from "./filters";
import { count, countOf } from "./format";
import { Grid } from "./grid";
import { Library, NO_FILTERS, type Filters } from "./library";
import { Retry, combineCalls, delay } from "./retry";
import { openSource, type ImageEntry, type ImagePage, type UsageReadResponse } from "./source";
import { Thumbnails } from "./thumbnails";
import { showUsage } from "./usage";

/** The time between two requests for changes, and before names and usage are read again, in milliseconds. */
const ROUND_DELAY = 1000;
const REST_DELAY = 2000;

const source = openSource();
const library = new Library();
let filters: Filters = NO_FILTERS;
let isLoading = true;
let usage: UsageReadResponse | null = null;
let shownUsage = "";

const status = byId("status");
const retry = new Retry(source.isLive, () => showStatus());
const thumbnails = new Thumbnails(source, library, removeImage);
const form = new FilterForm(byId("filters"), (changed) => {
  filters = changed;
  showImages();
});
const grid = new Grid(byId("scroller"), thumbnails, (entry) => detail.open(entry));
const detail = new Detail(byId("detail"), {
  source,
  library,
  thumbnails,
  images: () => grid.images,
  onDeleted: removeImage,
  onClose: (entry) => grid.focusImage(entry),
});

/** Shows the images that match the filters. */
function showImages(): void {
  grid.setImages(library.filter(filters));
  if (detail.isOpen) detail.update();
  showStatus();
}

/** Removes an image that was deleted. */
function removeImage(id: string): void {
  library.remove(id);
  showImages();
}

/** Says how many images there are, and what does not work. */
function showStatus(): void {
  const [shown, all] = [grid.images.length, library.images.length];
  const matching = shown === all ? countOf(all, "image") : `${count(shown)} of ${countOf(all, "image")}`;
  const note = source.note === null ? "" : ` ${source.note}`;
  const state = isLoading ? `Loading images… ${count(all)}.` : `${matching}.${note}`;
  status.textContent = retry.problem === null ? state : `${state} ${retry.problem}`;
}

/** Shows the usage, if its view is open and it is not what the view has. */
function renderUsage(): void {
  const view = byId("usage-view");
  if (usage === null || view.hidden) return;
  const content = JSON.stringify(usage);
  if (content !== shownUsage) showUsage(view, usage, source.isLive);
  shownUsage = content;
}

/** Reads all images. Each page is shown as soon as it is there, and one that fails is read again. */
async function loadImages(): Promise<void> {
  let cursor: string | null = null;
  do {
    const start: string | null = cursor;
    const page: ImagePage = await retry.until("The images", () => source.images(start));
    library.append(page.data);
    cursor = page.nextCursor;
    isLoading = cursor !== null;
    showImages();
  } while (cursor !== null);
  form.setValues(library);
}

/** A place in the list of images: after this image, and where the server goes on from there. */
interface Place {
  after: string;
  cursor: string;
}

/** Returns the place at the end of a page, or `null` at the end of the list. */
function placeAfter({ data, nextCursor }: ImagePage): Place | null {
  const last = data.at(-1);
  return last && nextCursor !== null ? { after: last.image.id, cursor: nextCursor } : null;
}

/** Reads the newest images, at least one page and up to those that are known. Returns the place after them. */
async function loadNewest(): Promise<Place | null> {
  const newest: ImageEntry[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: ImagePage = await source.images(cursor);
    newest.push(...page.data);
    cursor = page.nextCursor;
    if (cursor === null || page.data.some((entry) => library.get(entry.image.id))) {
      library.replace(null, newest, cursor === null);
      return placeAfter(page);
    }
  }
}

/** Reads the page of images at a place, and returns the place after it. */
async function loadPage({ after, cursor }: Place): Promise<Place | null> {
  const page = await source.images(cursor);
  library.replace(after, page.data, page.nextCursor === null);
  return placeAfter(page);
}

async function loadThreads(): Promise<void> {
  library.setThreads(await retry.until("The names of threads", () => source.threads()));
  form.setValues(library);
  if (filters.search) showImages();
}

async function loadUsage(): Promise<void> {
  usage = await retry.until("The usage", () => source.usage());
  renderUsage();
}

/** Reads what the images do not need. A failure of it is shown, and stops nothing else. */
async function loadRest(): Promise<void> {
  await Promise.allSettled([loadThreads(), loadUsage()]);
}

const reloadRest = combineCalls(loadRest, REST_DELAY);

/**
 * Shows what is new and removes what was deleted. Each round reads the newest images, and one without news another page
 * of the older ones, since a deletion among those changes nothing that can be waited for.
 */
async function followChanges(): Promise<void> {
  // What the server has called the newest, which need not be the newest that the page knows.
  let seen = library.images[0]?.image.id ?? null;
  let older: Place | null = null;
  for (;;) {
    await retry.until("The changes", async () => {
      const known = seen;
      // After a failure everything is a change, so that the next attempt ends at once.
      seen = null;
      const newest = await source.waitForChange(known);
      const end = await loadNewest();
      if (newest !== known) {
        reloadRest();
      } else {
        const place: Place | null = older ?? end;
        older = null;
        older = place && (await loadPage(place));
      }
      showImages();
      seen = newest;
    });
    await delay(ROUND_DELAY);
  }
}

function showView(name: "images" | "usage"): void {
  for (const view of ["images", "usage"] as const) {
    byId(`${view}-view`).hidden = view !== name;
    byId(`show-${view}`).setAttribute("aria-pressed", String(view === name));
  }
  renderUsage();
}

byId("show-images").addEventListener("click", () => showView("images"));
byId("show-usage").addEventListener("click", () => showView("usage"));
document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (event.key !== "/" || isTyping || detail.isOpen || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  showView("images");
  form.focus();
});

async function start(): Promise<void> {
  await loadImages();
  void loadRest();
  if (source.isLive) await followChanges();
}

// The status says what has failed.
start().catch(() => showStatus());
