// Deletes older images while the page is open.
import { closeImage, waitForImages, waitForThumbnails } from "./browser.mjs";
import { withRoutes } from "./failures.mjs";
import { Client } from "./seed.mjs";

/** Images of a page of the list. */
const PAGE = 100;

/** Deletes images of a home, and checks that they disappear. Returns how many images are left of `count`. */
export async function checkDeletions(browser, address, easel, home, count) {
  const client = await new Client(easel, home).open();
  const remove = async (index) => {
    const ids = await readIds(client);
    await client.request("image/delete", { imageId: ids[index] });
  };
  await deleteOlder(browser, address, remove, count);
  await openDeleted(browser, address, remove, count - 2);
  await client.close();
  return count - 3;
}

/** Returns the handles of all images, newest first. */
async function readIds(client) {
  const ids = [];
  let cursor = null;
  do {
    const page = await client.request("image/list", { limit: 50, cursor });
    ids.push(...page.data.map((entry) => entry.image.id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return ids;
}

/** Deletes an image of the first and one of the second page, neither of which is the newest. */
async function deleteOlder(browser, address, remove, count) {
  // The list in short pages, and rounds without news that end at once.
  const list = async (route) => {
    const start = Number(new URL(route.request().url()).searchParams.get("cursor") ?? 0);
    const response = await route.fetch({ url: route.request().url().split("?")[0] });
    const { data } = await response.json();
    const end = start + PAGE;
    await route.fulfill({ json: { data: data.slice(start, end), nextCursor: end < data.length ? `${end}` : null } });
  };
  const wait = async (route) => {
    const newest = new URL(route.request().url()).searchParams.get("newest");
    await route.fulfill({ json: { newest } });
  };
  await withRoutes(browser, address, { "**/api/images*": list, "**/api/changes*": wait }, async (page) => {
    await waitForImages(page, count);
    await remove(PAGE - 1);
    await waitForImages(page, count - 1);
    await remove(PAGE + PAGE / 2);
    await waitForImages(page, count - 2);
  });
  console.log("  ok      older images disappear when they are deleted");
}

/** Opens an image that was deleted meanwhile, before anything else could notice it. */
async function openDeleted(browser, address, remove, count) {
  const wait = () => new Promise(() => {});
  await withRoutes(browser, address, { "**/api/changes*": wait }, async (page) => {
    await waitForImages(page, count);
    await waitForThumbnails(page);
    await remove(0);
    await page.locator("#scroller button").first().click();
    await waitForImages(page, count - 1);
    await closeImage(page);
  });
  console.log("  ok      a deleted image disappears when it is opened");
}
