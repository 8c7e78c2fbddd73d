// Opens an image and looks at what the page requests, and where the user is afterwards.
import assert from "node:assert/strict";

import { closeImage, waitForImages, waitForThumbnails } from "./browser.mjs";

export async function checkImage(page, count) {
  await waitForImages(page, count);
  await waitForThumbnails(page);
  await loadOnce(page);
  await returnToFilteredGrid(page, count);
}

/** Opens the newest image: an edit of an edit, so that its lineage has three images. */
async function loadOnce(page) {
  const files = [];
  const note = (request) => {
    if (request.url().includes("/api/picture/")) files.push(request.url());
  };
  page.on("request", note);
  await page.locator("#scroller button").first().click();
  await page.waitForFunction(() => {
    const pictures = [...document.querySelectorAll("dialog img:not(.heat)")];
    return pictures.length >= 6 && pictures.every((picture) => picture.naturalWidth > 0);
  });
  page.off("request", note);
  assert.equal(files.length, 2, `the image and the one that it changes are read once: ${files.join(" ")}`);
  await closeImage(page);
  console.log("  ok      an image with a lineage reads two files");
}

/** Leaves the grid through the lineage, to an image that the filter hides. */
async function returnToFilteredGrid(page, count) {
  await page.fill("#search", "make it night");
  await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("1 of"));
  await page.locator("#scroller button").first().click();
  await page.locator(".lineage button").first().click();
  await page.getByRole("heading", { name: "Image", exact: true }).waitFor();
  await closeImage(page);
  assert.match(await page.evaluate(() => document.activeElement.textContent), /make it night/);
  await page.fill("#search", "");
  await waitForImages(page, count);
  console.log("  ok      an image that the filter hides leads back to the one that was opened");
}
