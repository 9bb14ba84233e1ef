// Bundles the page into the Python package: index.html naming hashed app-*.js and app-*.css, and what public/ holds.
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

const { outputFiles } = await build({
  absWorkingDir: here,
  entryPoints: { app: "src/main.tsx" },
  outdir: out,
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  target: ["es2022", "safari16"],
  jsx: "automatic",
  jsxImportSource: "preact",
  define: { "process.env.NODE_ENV": '"production"' },
  external: ["*.svg"],
  legalComments: "none",
  logLevel: "warning",
});

const named = (ending) => basename(outputFiles.find((file) => file.path.endsWith(ending)).path);
const template = await readFile(join(here, "index.html"), "utf8");
const page = template.replace("app.js", named(".js")).replace("app.css", named(".css"));

const bytes = [...outputFiles.map((file) => file.contents), page].reduce((sum, text) => sum + gzipSync(text).length, 0);
if (bytes > LIMIT_BYTES) throw new Error(`The page is ${bytes} bytes compressed; it must stay under ${LIMIT_BYTES}.`);

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
for (const file of outputFiles) await writeFile(file.path, file.contents);
await writeFile(join(out, "index.html"), page);
await cp(join(here, "public"), out, { recursive: true });
console.log(`The page is built: ${Math.round(bytes / 1000)} kB compressed, in ${out}`);
