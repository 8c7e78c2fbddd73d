// Opens a composite, and an edit of an attached file.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

import { closeImage, waitForImages, waitForThumbnails } from "./browser.mjs";
import { Client } from "./seed.mjs";

/** The images of the home, newest first. */
const [ATTACHED, COMPOSITE, , , BASE] = [0, 1, 2, 3, 4];
const COUNT = 5;

/** Fills a home with an image, an edit, a mask, a composite, and an edit of the image in another thread. */
export async function seedEdits(easel, home) {
  fs.mkdirSync(home, { recursive: true });
  fs.writeFileSync(path.join(home, "config.toml"), 'model_provider = "preview"\n');
  const client = await new Client(easel, home).open();
  const thread = await client.start("preview", "Edits");
  const [base] = await client.draw(thread, { prompt: "a small boat on a calm sea", size: "512x512" });
  const [edit] = await client.draw(thread, { prompt: "make it night", images: [base.id], action: "edit" });
  const [mask] = await client.draw(thread, { prompt: "a red star", size: "512x512", background: "transparent" });
  await client.request("image/composite", { imageId: edit.id, baseId: base.id, maskId: mask.id });
  await client.close();
  const env = { ...process.env, EASEL_HOME: home };
  execFileSync(easel, ["draw", "make it night", "-i", base.id], { env, stdio: "pipe" });
}

async function open(page, index) {
  await page.locator("#scroller button").nth(index).click();
  await page.locator("dialog figure img[src]").waitFor();
}

/** Checks which pictures are compared. A served page also says what differs, a file has that in its records only. */
export async function checkEdits(page, isServed) {
  await waitForImages(page, COUNT);
  await waitForThumbnails(page);
  await open(page, COMPOSITE);
  await page.locator("#heat-map").check();
  await page.locator(".stage .heat[src]").waitFor();
  if (isServed) {
    await page.getByRole("status").filter({ hasText: "Outside the mask 0.0 % of the pixels changed" }).waitFor();
  } else {
    const isBase = (base) => {
      const { src } = document.querySelector(".stage .before");
      return src === JSON.parse(document.getElementById("thumbnails-0").textContent)[base];
    };
    assert.ok(await page.evaluate(isBase, BASE), "the composite is compared with the image that was edited");
  }
  await closeImage(page);

  await open(page, ATTACHED);
  await page.locator(".stage .before[src]").waitFor();
  await page.locator("#heat-map").check();
  await page.locator(".stage .heat[src]").waitFor();
  assert.equal(await page.locator(".lineage li").filter({ hasText: "Original" }).count(), 1);
  await closeImage(page);
  await open(page, BASE);
  assert.equal(await page.locator(".lineage li").filter({ hasText: "Edited into" }).count(), 3);
  await closeImage(page);
  console.log("  ok      composites and edits of attached files are compared with the image that was edited");
}
