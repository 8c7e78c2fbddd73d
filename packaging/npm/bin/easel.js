#!/usr/bin/env node
"use strict";

const { spawn } = require("node:child_process");
const { accessSync, constants } = require("node:fs");
const { binaryPath } = require("../lib/binary.js");

function fail(message) {
  console.error(`easel: ${message}`);
  process.exit(1);
}

let binary;
try {
  binary = binaryPath();
} catch (error) {
  fail(error.message);
}
const args = process.argv.slice(2);

if (process.execve && !process.env.EASEL_BINARY) {
  // Node becomes the binary, so nothing is left to forward. If that fails, Node aborts with a stack trace: a file that
  // cannot be executed, or that somebody else has chosen, is for `spawn`. So is Windows, where this throws.
  try {
    accessSync(binary, constants.X_OK);
    process.execve(binary, [binary, ...args], process.env);
  } catch {}
}

const child = spawn(binary, args, { stdio: "inherit" });
child.on("error", (error) => fail(`cannot run ${binary}: ${error.message}`));
// A terminal sends Ctrl-C and its end to the binary too, for which a second signal means an immediate exit. A program
// signals the launcher only, so the signal is passed on if the binary does not end. That waits longer if a person
// types, who has most likely pressed Ctrl-C: the binary may take 5 s to end.
const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
const delay = process.stdin.isTTY ? 6000 : 1000;
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
  process.on(signal, () => {
    if (!terminal || signal === "SIGTERM") child.kill(signal);
    else setTimeout(() => child.kill(signal), delay);
  });
}
child.on("exit", (code, signal) => {
  if (!signal) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
