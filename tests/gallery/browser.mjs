// Chromium with pages that record what a page must not do: errors on the console and requests to other origins.
import { spawn } from "node:child_process";
import readline from "node:readline";

import { chromium } from "playwright-core";

export const THEMES = ["light", "dark"];
export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** Starts the browser, without its sandbox if this user is root, who has none. */
export function launch(executablePath) {
  return chromium.launch({ executablePath, chromiumSandbox: process.getuid() !== 0, args: ["--disable-gpu"] });
}

/** Opens an address after `prepare` has changed the page. `problems` collects what the page must not do. */
export async function openPage(browser, address, { colorScheme = "light", viewport = DESKTOP, prepare } = {}) {
  const context = await browser.newContext({ colorScheme, viewport, permissions: [] });
  const page = await context.newPage();
  const problems = [];
  const { origin, protocol } = new URL(address);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    const isOwn = url.startsWith("data:") || url.startsWith("blob:") || url === address.split("#")[0];
    if (!isOwn && (protocol === "file:" || !url.startsWith(`${origin}/`))) problems.push(`request: ${url}`);
  });
  await prepare?.(page);
  await page.goto(address);
  return { page, context, problems };
}

/** Runs `easel gallery`, and returns the address that it prints. */
export async function serveGallery(easel, home) {
  const env = { ...process.env, EASEL_HOME: home };
  const child = spawn(easel, ["gallery"], { env, stdio: ["ignore", "pipe", "inherit"] });
  const [address] = await new Promise((resolve, reject) => {
    readline.createInterface({ input: child.stdout }).once("line", (line) => resolve([line]));
    child.once("exit", (code) => reject(new Error(`easel gallery has ended with ${code}`)));
  });
  const stop = () =>
    new Promise((resolve) => {
      child.once("exit", resolve);
      child.kill("SIGINT");
    });
  return { address, stop };
}

/** Waits until the page has this number of images. */
export async function waitForImages(page, count) {
  const text = new Intl.NumberFormat("en-US").format(count);
  await page.waitForFunction((text) => document.getElementById("status").textContent.startsWith(`${text} image`), text);
}

/** Waits until the pictures in the grid are there. */
export async function waitForThumbnails(page) {
  await page.waitForFunction(() => {
    const pictures = [...document.querySelectorAll("#scroller img")];
    return pictures.length > 0 && pictures.every((picture) => picture.complete && picture.naturalWidth > 0);
  });
}

/**
 * Closes the image, and waits until the page has done what follows from that: it moves the focus, which would take the
 * keys of the next step. The browser only announces the end of a dialog after the dialog is no longer open.
 */
export async function closeImage(page) {
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => {
    const dialog = document.getElementById("detail");
    return !dialog.open && dialog.querySelector(".body").childElementCount === 0;
  });
}
