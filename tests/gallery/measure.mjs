// Measures how fast the page is. The times depend on the machine, so they are printed and not checked; the number of
// elements does not, and must not grow with the number of images.
import assert from "node:assert/strict";

import { openPage, waitForImages } from "./browser.mjs";

/** Elements in the document, whatever the number of images: those of some screens of cells, and the lists of filters. */
const MAX_ELEMENTS = 3_000;

/** Cells in the document in any frame: those of the screen, the rows that are kept ready and the row in the tab order. */
const MAX_CELLS = 80;

/** Opens the gallery, scrolls through it, and returns the times in milliseconds. */
export async function measure(browser, address, count) {
  const start = Date.now();
  const { page, context, problems } = await openPage(browser, address);
  await waitForImages(page, count);
  const loaded = Date.now() - start;
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  // What follows the load, such as the lists of filters, is no part of scrolling.
  await page.waitForLoadState("load");
  await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
  const scroll = await page.evaluate(scrollThrough);
  const elements = await page.evaluate(() => document.querySelectorAll("*").length);
  assert.ok(scroll.cells > 0 && scroll.cells < MAX_CELLS, `${scroll.cells} cells in a frame`);
  assert.ok(elements < MAX_ELEMENTS, `${elements} elements`);
  assert.deepEqual(problems, []);
  await context.close();
  return { firstPaint: Math.round(paint), loaded, ...scroll, elements };
}

/** Scrolls a screen at a time, one in each frame. Runs in the page. */
async function scrollThrough() {
  const scroller = document.getElementById("scroller");
  const longTasks = [];
  const observer = new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((task) => task.duration)));
  observer.observe({ type: "longtask" });
  const frames = [];
  let last = performance.now();
  let cells = 0;
  for (let frame = 0; frame < 400; frame++) {
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
    cells = Math.max(cells, document.querySelectorAll("[role=gridcell]").length);
    const end = scroller.scrollHeight - scroller.clientHeight;
    scroller.scrollTop = Math.min(((frame + 1) / 400) * end, scroller.scrollTop + 700);
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  observer.disconnect();
  frames.shift();
  const sorted = frames.sort((a, b) => a - b);
  const at = (share) => Math.round(sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)]);
  return {
    frames: { median: at(0.5), p99: at(0.99), longest: at(1), over50: sorted.filter((frame) => frame > 50).length },
    longTasks: longTasks.length,
    cells,
  };
}
