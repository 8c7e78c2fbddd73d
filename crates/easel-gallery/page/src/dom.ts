// Creates elements. Text is set as text and attributes by name, so that no prompt can become markup.

export type Child = Node | string | null | undefined;

/** Creates an HTML element. An attribute that is `true` is present without a value, one that is `false` is absent. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | boolean> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const created = document.createElement(tag);
  setAttributes(created, attributes);
  append(created, children);
  return created;
}

/** Creates an SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | boolean> = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const created = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(created, attributes);
  append(created, children);
  return created;
}

/** Creates a button with a handler. */
export function button(label: string, onClick: () => void, attributes: Record<string, string | boolean> = {}) {
  const created = element("button", { type: "button", ...attributes }, label);
  created.addEventListener("click", onClick);
  return created;
}

/** Returns the element with this id, which index.html contains. */
export function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found as T;
}

function setAttributes(target: Element, attributes: Record<string, string | boolean>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) target.setAttribute(name, value === true ? "" : value);
  }
}

function append(target: Element, children: Child[]): void {
  target.append(...children.filter((child): child is Node | string => child !== null && child !== undefined));
}
