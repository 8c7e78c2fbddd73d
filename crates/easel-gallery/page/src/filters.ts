// The form above the grid.

import { shorten } from "./cell";
import { button, element } from "./dom";
import { count } from "./format";
import { NO_FILTERS, type Filters, type Library } from "./library";

/** How long to wait after a key before searching, in milliseconds. */
const DELAY = 120;
/** Entries of a list. The others are found by the search. */
const MAX_OPTIONS = 500;

type Choice = "thread" | "provider" | "model";

export class FilterForm {
  readonly #form: HTMLFormElement;
  readonly #onChange: (filters: Filters) => void;
  readonly #search = element("input", { type: "search", id: "search", placeholder: "Search prompts", maxlength: "200" });
  readonly #thread = element("select", { id: "thread" });
  readonly #provider = element("select", { id: "provider" });
  readonly #model = element("select", { id: "model" });
  readonly #edits = element(
    "select",
    { id: "edits" },
    option("", "All images"),
    option("originals", "New images"),
    option("edits", "Edits"),
    option("edited", "Images with edits"),
    option("outside", "Edits outside the mask"),
  );
  readonly #since = element("input", { type: "date", id: "since" });
  readonly #until = element("input", { type: "date", id: "until" });
  #timer = 0;
  /** The options of each list as they were filled in last. */
  readonly #filled = new Map<Choice, string>();

  constructor(form: HTMLFormElement, onChange: (filters: Filters) => void) {
    this.#form = form;
    this.#onChange = onChange;
    const more = element(
      "div",
      { id: "more-filters", class: "more" },
      field("Thread", this.#thread),
      field("Provider", this.#provider),
      field("Model", this.#model),
      field("Show", this.#edits),
      field("From day (UTC)", this.#since),
      field("To day (UTC)", this.#until),
      button("Clear filters", () => this.clear()),
    );
    const toggle = button("Filters", () => toggleMore(), {
      class: "toggle",
      "aria-expanded": "false",
      "aria-controls": "more-filters",
    });
    const toggleMore = () => toggle.setAttribute("aria-expanded", String(more.classList.toggle("open")));
    form.append(field("Search", this.#search), toggle, more);
    form.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#onChange(this.filters), DELAY);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  get filters(): Filters {
    return {
      search: this.#search.value,
      thread: this.#thread.value,
      provider: this.#provider.value,
      model: this.#model.value,
      edits: this.#edits.value as Filters["edits"],
      since: this.#since.value,
      until: this.#until.value,
    };
  }

  /** Shows all images. */
  clear(): void {
    this.#form.reset();
    this.#onChange(NO_FILTERS);
  }

  /** Moves the focus to the search. */
  focus(): void {
    this.#search.focus();
    this.#search.select();
  }

  /** Offers the values that occur. */
  setValues(library: Library): void {
    const { filters } = this;
    this.#fill("thread", "All threads", library, (id) => shorten(library.threadName(id), 60));
    this.#fill("provider", "All providers", library, (name) => name);
    this.#fill("model", "All models", library, (name) => name);
    // A value that has disappeared filters no longer.
    if (JSON.stringify(filters) !== JSON.stringify(this.filters)) this.#onChange(this.filters);
  }

  #fill(choice: Choice, all: string, library: Library, label: (value: string) => string): void {
    const select = { thread: this.#thread, provider: this.#provider, model: this.#model }[choice];
    const property = choice === "thread" ? "threadId" : choice;
    const values = library.values((entry) => (property === "threadId" ? entry.threadId : entry.image[property]));
    const options = values
      .slice(0, MAX_OPTIONS)
      .map(([value, images]) => option(value, `${label(value)} (${count(images)})`));
    // An open list closes when its options are replaced, so that is done only when they differ, and not under the user.
    const content = JSON.stringify(options.map((created) => [created.value, created.text]));
    if (content === this.#filled.get(choice)) return;
    if (select === document.activeElement) {
      select.addEventListener("blur", () => this.#fill(choice, all, library, label), { once: true });
      return;
    }
    this.#filled.set(choice, content);
    const { value } = select;
    select.replaceChildren(option("", all), ...options);
    select.value = value;
    if (select.value !== value) select.value = "";
  }
}

function option(value: string, label: string): HTMLOptionElement {
  return element("option", { value }, label);
}

function field(label: string, control: HTMLElement): HTMLElement {
  return element("div", { class: "field" }, element("label", { for: control.id }, label), control);
}
