// Uses the page with the keyboard only.
import assert from "node:assert/strict";

import { closeImage } from "./browser.mjs";
import { walkWithTab } from "./checks.mjs";

/** Walks through every control of every view, and uses what the arrow keys move. */
export async function walkWithKeyboard(page) {
  const counts = [await walkWithTab(page, "body")];
  await search(page);
  await moveInGrid(page);
  counts.push(await useImage(page));
  counts.push(await useUsage(page));
  console.log(`  ok      the keyboard reaches ${counts.join(", ")} controls of the grid, an image and the usage`);
}

/** Returns the row and the column of the cell that has the focus, from 1. */
const position = (page) =>
  page.evaluate(() => {
    const cell = document.activeElement.closest("[role=gridcell]");
    return [cell.parentElement.getAttribute("aria-rowindex"), cell.getAttribute("aria-colindex")].map(Number);
  });
const status = (page) => page.textContent("#status");

/** Searches, chooses a filter and clears both. */
async function search(page) {
  const all = await status(page);
  await page.locator("#scroller button[tabindex='0']").focus();
  await page.keyboard.press("/");
  await page.keyboard.type("make the");
  await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("1 of"));
  await page.locator("#edits").focus();
  await page.keyboard.press("ArrowDown");
  await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("0 of"));
  await page.getByRole("button", { name: "Clear filters" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction((all) => document.getElementById("status").textContent === all, all);
}

/** Moves with each key of the grid. */
async function moveInGrid(page) {
  await page.locator("#scroller button[tabindex='0']").focus();
  const [columns, rows] = await page.evaluate(() => {
    const grid = document.querySelector("[role=grid]");
    return [grid.getAttribute("aria-colcount"), grid.getAttribute("aria-rowcount")].map(Number);
  });
  const steps = [
    ["Control+Home", [1, 1]],
    ["ArrowRight", [1, 2]],
    // There is no row above, and the column stays.
    ["ArrowUp", [1, 2]],
    ["PageUp", [1, 2]],
    ["ArrowDown", [2, 2]],
    ["ArrowUp", [1, 2]],
    ["ArrowLeft", [1, 1]],
    ["ArrowLeft", [1, 1]],
    ["End", [1, columns]],
    ["ArrowRight", [2, 1]],
    ["Control+End", null],
    ["Control+Home", [1, 1]],
  ];
  for (const [key, expected] of steps) {
    await page.keyboard.press(key);
    const found = await position(page);
    if (expected) assert.deepEqual(found, expected, key);
    else assert.equal(found[0], rows, key);
  }
  await page.keyboard.press("PageDown");
  assert.ok((await position(page))[0] > 1, "PageDown");
  await page.keyboard.press("PageUp");
  assert.deepEqual(await position(page), [1, 1], "PageUp");
}

/** Opens the newest image, moves the slider, steps to the next image and goes back to the grid. */
async function useImage(page) {
  await page.keyboard.press("Enter");
  await page.locator("dialog[open]").waitFor();
  const count = await walkWithTab(page, "dialog");
  await page.locator("#slider").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.inputValue("#slider"), "51");
  assert.match(await page.getAttribute("#slider", "aria-valuetext"), /^51 % before/);
  await page.locator("#heat-map").focus();
  await page.keyboard.press("Space");
  await page.locator(".stage .heat[src]").waitFor();
  const title = () => page.textContent("#detail-title");
  assert.match(await title(), /^Image 1 of/);
  await page.locator("#detail-title").focus();
  await page.keyboard.press("ArrowRight");
  assert.match(await title(), /^Image 2 of/);
  await page.keyboard.press("ArrowLeft");
  assert.match(await title(), /^Image 1 of/);
  // The image that this one is an edit of.
  await page.locator(".lineage button").first().focus();
  await page.keyboard.press("Enter");
  assert.match(await title(), /^Image 3 of/);
  await closeImage(page);
  assert.deepEqual(await position(page), [1, 3], "the focus is on the image that was shown last");
  return count;
}

async function useUsage(page) {
  await page.locator("#show-usage").focus();
  await page.keyboard.press("Enter");
  await page.locator("#usage-view").waitFor();
  const count = await walkWithTab(page, "body");
  await page.locator("#show-images").focus();
  await page.keyboard.press("Space");
  await page.locator("#images-view").waitFor();
  return count;
}
