// What must be true of every gallery.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { closeImage } from "./browser.mjs";
import { HOSTILE } from "./seed.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Fails on serious and critical findings of axe. */
export async function checkAccessibility(page, what) {
  // The page's policy forbids other scripts in it, so axe runs in the isolated world of the debugger.
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const world = { frameId: frameTree.frame.id, worldName: "axe" };
  const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", world);
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
      expression,
      contextId,
      awaitPromise: true,
      returnByValue: true,
    });
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return result.value;
  };
  const { readFile } = await import("node:fs/promises");
  await evaluate(`${await readFile(AXE, "utf8")};0`);
  const violations = await evaluate(
    `axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations.map(({ id, impact, nodes }) =>
       ({ id, impact, nodes: nodes.slice(0, 3).map((node) => node.html.slice(0, 200)) })))`,
  );
  await session.detach();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(serious, [], `${what}: ${JSON.stringify(serious, null, 2)}`);
  const minor = violations.map(({ id, impact }) => `${id} (${impact})`);
  console.log(`  axe, ${what}: nothing serious${minor.length > 0 ? `; ${minor.join(", ")}` : ""}`);
}

/** Finds the hostile prompts, shows one, and checks that they are only text. */
export async function checkHostilePrompts(page) {
  for (const prompt of HOSTILE) {
    await page.fill("#search", prompt.split(" ")[0]);
    const cell = page.locator("#scroller button").filter({ hasText: prompt }).first();
    await cell.click();
    assert.ok((await page.locator("dialog dd").allTextContents()).includes(prompt), prompt);
    await closeImage(page);
  }
  await page.fill("#search", "");
  await page.waitForFunction(() => !document.getElementById("status").textContent.includes(" of "));
  assert.equal(await page.evaluate(() => window.hacked), undefined, "a prompt has run");
  assert.equal(await page.evaluate(() => document.querySelectorAll("main script, main svg[onload]").length), 0);
}

/**
 * Walks over the page with the Tab key until the focus leaves it, and checks that every control is reached and shows
 * that it has the focus.
 */
export async function walkWithTab(page, root) {
  const expected = await page.evaluate((root) => {
    const controls = [...document.querySelectorAll(`${root} :is(button, input, select, summary, [tabindex="0"])`)];
    const isReachable = (control) => control.tabIndex >= 0 && !control.disabled && control.checkVisibility();
    return controls.filter(isReachable).map((control, index) => {
      control.dataset.walk = `${index}`;
      return control.id || control.textContent.slice(0, 40) || control.tagName;
    });
  }, root);
  const reached = new Set();
  for (let step = 0; step < 3 * expected.length + 20; step++) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const { activeElement } = document;
      const style = getComputedStyle(activeElement);
      return { walk: activeElement.dataset?.walk, outline: style.outlineStyle, name: activeElement.outerHTML.slice(0, 120) };
    });
    if (focus.walk === undefined) continue;
    assert.notEqual(focus.outline, "none", `no visible focus: ${focus.name}`);
    reached.add(Number(focus.walk));
  }
  const missed = expected.filter((_, index) => !reached.has(index));
  assert.deepEqual(missed, [], "controls that Tab does not reach");
  return expected.length;
}
