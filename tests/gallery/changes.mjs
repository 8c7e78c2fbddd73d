// Makes and deletes images while the page is open.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

import { closeImage, waitForImages } from "./browser.mjs";
import { Client } from "./seed.mjs";

/** Requests for changes in the time that is watched: one when the last one has ended, and one more. */
const MAX_REQUESTS = 3;

/** Checks that nothing moves under the user, and that a deletion ends in silence. `count` images are there. */
export async function checkChanges(page, easel, home, count) {
  await waitForImages(page, count);
  await keepPlace(page, easel, home, count);
  await deleteNewest(page, easel, home, count + 1);
}

/** Scrolls away from the focus while an image arrives, and then opens the image that has the focus. */
async function keepPlace(page, easel, home, count) {
  await page.locator("#scroller button[tabindex='0']").focus();
  await page.keyboard.press("ArrowRight");
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  const before = await focused();
  await page.evaluate(() => (document.getElementById("scroller").scrollTop = 1_000));
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const place = () => page.evaluate(() => document.getElementById("scroller").scrollTop);
  execFileSync(easel, ["draw", "a blue tree"], { env: { ...process.env, EASEL_HOME: home }, stdio: "pipe" });
  await waitForImages(page, count + 1);
  assert.equal(await place(), 1_000, "the page has scrolled");
  assert.equal(await focused(), before, "the focus is on another image");
  await page.keyboard.press("Enter");
  assert.match(await page.textContent("#detail-title"), /^Image 3 of/);
  await closeImage(page);
  assert.equal(await focused(), before);
  console.log("  ok      a new image moves neither the focus nor what is on the screen");
}

/** Deletes the newest image, which other than an old one is not noticed by its picture. */
async function deleteNewest(page, easel, home, count) {
  await page.evaluate(() => (document.getElementById("scroller").scrollTop = 0));
  const client = await new Client(easel, home).open();
  const { data } = await client.request("image/list", { limit: 1 });
  await client.request("image/delete", { imageId: data[0].image.id });
  await client.close();
  await waitForImages(page, count - 1);
  await page.locator("#scroller button").first().filter({ hasText: "a green tree" }).waitFor();
  let requests = 0;
  page.on("request", (request) => (requests += request.url().includes("/api/changes") ? 1 : 0));
  await page.waitForTimeout(2_500);
  assert.ok(requests <= MAX_REQUESTS, `${requests} requests for changes`);
  console.log("  ok      the newest image disappears when it is deleted, and nothing is requested in a loop");
}
