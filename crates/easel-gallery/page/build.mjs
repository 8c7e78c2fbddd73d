// Bundles src/main.ts and style.css into dist/, or into the folder that the first argument names. The same sources and
// versions give the same bytes, so CI builds into another folder and compares.
import { build } from "esbuild";

await build({
  entryPoints: { gallery: "src/main.ts", style: "style.css" },
  outdir: process.argv[2] ?? "dist",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
});
