// Bundles the pages into the Python package: index.html and micro.html, each naming its hashed app-*.js and app-*.css or
// micro-*.js and micro-*.css, what both share in chunks, and what public/ holds.
// Everything is addressed relatively, so that the page also works under a sub-path; nothing is inline, so that a strict
// content security policy holds.  usage: node build.mjs [output folder]
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "../src/claptrap/web/assets"));
const LIMIT_BYTES = 150_000;

const common = { absWorkingDir: here, outdir: out, bundle: true, minify: true, write: false, format: "esm", target: ["es2022", "chrome111", "firefox115", "safari16"], legalComments: "none", logLevel: "warning" };

// The audio thread of a browser loads a file of its own; the page must know its hashed name.
const worklet = (await build({ ...common, entryPoints: { worklet: "src/micro/worklet.ts" }, entryNames: "[name]-[hash]" })).outputFiles;
const bundles = (await build({
  ...common,
  entryPoints: { app: "src/main.tsx", micro: "src/micro/main.tsx" },
  splitting: true,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  jsx: "automatic",
  jsxImportSource: "preact",
  define: { "process.env.NODE_ENV": '"production"', WORKLET: JSON.stringify(basename(worklet[0].path)) },
  external: ["*.svg"],
})).outputFiles;
const outputFiles = [...worklet, ...bundles];

const named = (name, ending) =>
  outputFiles.map((file) => basename(file.path)).find((file) => file.startsWith(`${name}-`) && file.endsWith(ending));
const template = await readFile(join(here, "index.html"), "utf8");
const page = (name) => template.replace("app.js", named(name, ".js")).replace("app.css", named(name, ".css"));
const pages = { "index.html": page("app"), "micro.html": page("micro") };

const bytes = [...outputFiles.map((file) => file.contents), ...Object.values(pages)].reduce((sum, text) => sum + gzipSync(text).length, 0);
if (bytes > LIMIT_BYTES) throw new Error(`The page is ${bytes} bytes compressed; it must stay under ${LIMIT_BYTES}.`);

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
for (const file of outputFiles) await writeFile(file.path, file.contents);
for (const [name, text] of Object.entries(pages)) await writeFile(join(out, name), text);
await cp(join(here, "public"), out, { recursive: true });
console.log(`The page is built: ${Math.round(bytes / 1000)} kB compressed, in ${out}`);
