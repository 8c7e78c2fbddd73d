// Lets requests fail. The page must go on, and say what does not work as long as it does not work.
import assert from "node:assert/strict";

import { openPage, waitForImages } from "./browser.mjs";

/** Opens the page, some of whose requests end as `routes` says, and works with it. */
export async function withRoutes(browser, address, routes, work) {
  const prepare = async (page) => {
    for (const [pattern, handler] of Object.entries(routes)) await page.route(pattern, handler);
  };
  // The browser writes each failed request to the console.
  const { page, context, problems } = await openPage(browser, address, { prepare });
  await work(page);
  assert.deepEqual(problems.filter((problem) => !problem.includes("Failed to load resource")), []);
  await context.close();
}

export async function checkFailures(browser, address, count) {
  await startAgain(browser, address, count);
  await goOnWithoutUsage(browser, address, count);
  await findNameThatArrivesLate(browser, address, count);
  await showMissingPictures(browser, address, count);
  await showUnknownCost(browser, address, count);
}

const status = (page) => page.textContent("#status");

async function startAgain(browser, address, count) {
  let failures = 1;
  const fail = (route) => (failures-- > 0 ? route.abort() : route.continue());
  await withRoutes(browser, address, { "**/api/images*": fail }, async (page) => {
    await page.getByText("The images cannot be read: The server does not respond").waitFor();
    await waitForImages(page, count);
    assert.ok(!(await status(page)).includes("cannot be read"), await status(page));
  });
  console.log("  ok      a request that fails at the start is repeated");
}

async function goOnWithoutUsage(browser, address, count) {
  const fail = (route) => route.fulfill({ status: 500, body: "the store is broken" });
  await withRoutes(browser, address, { "**/api/usage": fail, "**/api/threads": fail }, async (page) => {
    const waiting = page.waitForRequest("**/api/changes?*");
    await waitForImages(page, count);
    await page.getByText("cannot be read: the store is broken").waitFor();
    await waiting;
  });
  console.log("  ok      images are shown and followed without usage and names");
}

async function findNameThatArrivesLate(browser, address, count) {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  const hold = async (route) => {
    await released;
    await route.continue();
  };
  await withRoutes(browser, address, { "**/api/threads": hold }, async (page) => {
    await waitForImages(page, count);
    await page.fill("#search", "landscapes");
    await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("0 of"));
    release();
    await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("10 of"));
  });
  console.log("  ok      a search finds the name of a thread that arrives later");
}

async function showMissingPictures(browser, address, count) {
  let busy = 1;
  const ids = new Map();
  const fail = (route) => {
    const id = route.request().url();
    ids.set(id, (ids.get(id) ?? 0) + 1);
    if (ids.keys().next().value === id) return route.fulfill({ status: 500, body: "no" });
    return busy-- > 0 ? route.fulfill({ status: 503, body: "busy" }) : route.continue();
  };
  await withRoutes(browser, address, { "**/api/thumbnail/*": fail }, async (page) => {
    await waitForImages(page, count);
    // All pictures but one: what the server had no time for is requested again.
    await page.waitForFunction(() => {
      const missing = [...document.querySelectorAll("#scroller img")].filter((picture) => !picture.naturalWidth);
      return missing.length === 1 && missing[0].dataset.failed !== undefined;
    });
    const button = page.locator("#scroller button:has(img[data-failed])");
    assert.equal(await button.evaluate((cell) => getComputedStyle(cell, "::before").content), '"No picture"');
  });
  console.log("  ok      a picture is requested again, and a missing one is called missing");
}

async function showUnknownCost(browser, address, count) {
  const change = async (route) => {
    const response = await route.fetch();
    const usage = await response.json();
    usage.totals.estimatedCostUsd = null;
    usage.nextCursor = "more";
    usage.data[0].estimatedCostUsd = null;
    await route.fulfill({ response, json: usage });
  };
  await withRoutes(browser, address, { "**/api/usage": change }, async (page) => {
    await waitForImages(page, count);
    await page.click("#show-usage");
    await page.getByText(/Estimated cost: at least \$\d/).waitFor();
    await page.getByText(/The days below are those since \d{4}-\d{2}-\d{2}/).waitFor();
    assert.equal(await page.locator(".chart text").filter({ hasText: /^\?$/ }).count(), 1);
    assert.ok((await page.locator(".chart title").filter({ hasText: /at least \$|unknown/ }).count()) === 1);
  });
  console.log("  ok      a cost that is partly unknown is shown as far as it is known");
}
