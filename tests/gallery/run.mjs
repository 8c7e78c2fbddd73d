// Drives the gallery in Chromium.
//
//     node run.mjs EASEL CHROMIUM [--long] [--pictures]
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import {
  DESKTOP,
  PHONE,
  THEMES,
  closeImage,
  launch,
  openPage,
  serveGallery,
  waitForImages,
  waitForThumbnails,
} from "./browser.mjs";
import { checkChanges } from "./changes.mjs";
import { checkAccessibility, checkHostilePrompts } from "./checks.mjs";
import { checkDeletions } from "./deletions.mjs";
import { checkEdits, seedEdits } from "./edits.mjs";
import { checkFailures } from "./failures.mjs";
import { checkImage } from "./image.mjs";
import { walkWithKeyboard } from "./keyboard.mjs";
import { measure } from "./measure.mjs";
import { seed } from "./seed.mjs";

const IMAGES = 200;
const MANY_IMAGES = 10_000;
const DOCS = fileURLToPath(new URL("../../docs/", import.meta.url));

const [easel, chromium, ...options] = process.argv.slice(2);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "easel-gallery-"));

/** What Chromium logs when a picture is gone or the server is busy, which the page answers by itself. */
const REFUSED_PICTURE = /Failed to load resource: .* status of (404|503)/;

/** Opens a page, works with it, and checks that it has done nothing forbidden, and logged only what `allowed` says. */
async function withPage(browser, address, options, work, allowed = /^$/) {
  const { page, context, problems } = await openPage(browser, address, options);
  await work(page);
  assert.deepEqual(problems.filter((problem) => !allowed.test(problem)), []);
  await context.close();
}

/** Looks at every view in both themes, on a desktop and on a phone. */
async function checkViews(browser, address, count) {
  for (const colorScheme of THEMES) {
    for (const viewport of [DESKTOP, PHONE]) {
      const what = `${colorScheme}, ${viewport.width} pixels wide`;
      await withPage(browser, address, { colorScheme, viewport }, async (page) => {
        await waitForImages(page, count);
        await waitForThumbnails(page);
        if (viewport === PHONE) await checkFilterButton(page);
        await checkAccessibility(page, `grid, ${what}`);
        await page.locator("#scroller button").first().click();
        await page.locator("dialog figure img[src]").waitFor();
        await checkAccessibility(page, `image, ${what}`);
        await closeImage(page);
        await page.click("#show-usage");
        await checkAccessibility(page, `usage, ${what}`);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `the page is ${overflow} pixels too wide: ${what}`);
      });
    }
  }
}

/** Opens the filters of a phone, which are hidden at first. */
async function checkFilterButton(page) {
  assert.equal(await page.locator("#edits").isVisible(), false);
  await page.getByRole("button", { name: "Filters", exact: true, expanded: false }).click();
  await page.selectOption("#edits", "edits");
  await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("2 of"));
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByRole("button", { name: "Filters", exact: true, expanded: true }).click();
  assert.equal(await page.locator("#edits").isVisible(), false);
  await waitForThumbnails(page);
}

/** Shows an image that another process draws while the page is open. */
async function checkNewImage(browser, address, home, count) {
  await withPage(browser, address, {}, async (page) => {
    await waitForImages(page, count);
    const env = { ...process.env, EASEL_HOME: home };
    execFileSync(easel, ["draw", "a green tree"], { env, stdio: "pipe" });
    await waitForImages(page, count + 1);
    await page.locator("#scroller button").first().filter({ hasText: "a green tree" }).waitFor();
  });
  console.log("  ok      a new image appears");
}

/** Takes the pictures of the documents. */
async function takePictures(browser, address, count) {
  const viewport = { width: 1100, height: 700 };
  await withPage(browser, address, { viewport }, async (page) => {
    await waitForImages(page, count);
    await waitForThumbnails(page);
    await page.screenshot({ path: path.join(DOCS, "gallery-light.png") });
  });
  await withPage(browser, address, { colorScheme: "dark", viewport }, async (page) => {
    await waitForImages(page, count);
    await page.locator("#scroller button").filter({ hasText: "make the boat red" }).click();
    await page.locator(".stage .before[src]").waitFor();
    await page.locator("#heat-map").check();
    await page.locator(".stage .heat[src]").waitFor();
    await page.locator(".stage").scrollIntoViewIfNeeded();
    await waitForPictures(page);
    await page.screenshot({ path: path.join(DOCS, "gallery-dark.png") });
  });
  await withPage(browser, address, { colorScheme: "dark", viewport: PHONE }, async (page) => {
    await waitForImages(page, count);
    await waitForThumbnails(page);
    await page.screenshot({ path: path.join(DOCS, "gallery-phone.png") });
  });
}

function waitForPictures(page) {
  return page.waitForFunction(() => [...document.querySelectorAll("dialog img")].every((picture) => picture.complete));
}

/** Writes the gallery to a file, and returns its address. */
function writeFile(home, name, ...options) {
  const file = path.join(scratch, name);
  const env = { ...process.env, EASEL_HOME: home };
  execFileSync(easel, ["gallery", "--out", file, ...options], { env, stdio: ["ignore", "ignore", "inherit"] });
  return pathToFileURL(file).href;
}

const browser = await launch(chromium);
try {
  const home = path.join(scratch, "home");
  await seed(easel, home, IMAGES, 14);

  console.log(`A file with ${IMAGES} images`);
  const file = writeFile(home, "gallery.html");
  await withPage(browser, file, {}, async (page) => {
    await waitForImages(page, IMAGES);
    await waitForThumbnails(page);
    await checkHostilePrompts(page);
    await page.locator("#scroller button").first().click();
    await page.locator("#heat-map").check();
    await page.locator(".stage .heat[src]").waitFor();
  });
  console.log("  ok      hostile prompts are text, and nothing is requested");
  await checkViews(browser, file, IMAGES);

  console.log(`A server with ${IMAGES} images`);
  const server = await serveGallery(easel, home);
  try {
    if (options.includes("--pictures")) await takePictures(browser, server.address, IMAGES);
    await withPage(browser, server.address, {}, async (page) => {
      await waitForImages(page, IMAGES);
      assert.ok(!page.url().includes("token"), "the token is no longer in the address");
      await checkHostilePrompts(page);
      await walkWithKeyboard(page);
      await checkAccessibility(page, "served page");
      await page.reload();
      await waitForImages(page, IMAGES);
    });
    await withPage(browser, server.address, {}, (page) => checkImage(page, IMAGES));
    await checkFailures(browser, server.address, IMAGES);
    await checkNewImage(browser, server.address, home, IMAGES);
    const change = (page) => checkChanges(page, easel, home, IMAGES + 1);
    await withPage(browser, server.address, {}, change, REFUSED_PICTURE);
    const left = await checkDeletions(browser, server.address, easel, home, IMAGES + 1);
    console.log(`  ${JSON.stringify(await measure(browser, server.address, left))}`);
  } finally {
    await server.stop();
  }

  console.log("Composites and edits of attached files");
  const edits = path.join(scratch, "edits");
  await seedEdits(easel, edits);
  await withPage(browser, writeFile(edits, "edits.html"), {}, (page) => checkEdits(page, false));
  const editsServer = await serveGallery(easel, edits);
  try {
    await withPage(browser, editsServer.address, {}, (page) => checkEdits(page, true));
  } finally {
    await editsServer.stop();
  }

  if (options.includes("--long")) {
    console.log(`${MANY_IMAGES} images`);
    const large = path.join(scratch, "large");
    await seed(easel, large, MANY_IMAGES, 30);
    const server = await serveGallery(easel, large);
    try {
      console.log(`  server  ${JSON.stringify(await measure(browser, server.address, MANY_IMAGES))}`);
    } finally {
      await server.stop();
    }
    const file = writeFile(large, "large.html", "--limit", `${MANY_IMAGES}`);
    console.log(`  file    ${JSON.stringify(await measure(browser, file, MANY_IMAGES))}`);
  }
} finally {
  await browser.close();
  fs.rmSync(scratch, { recursive: true });
}
