// Builds the page into ../src/heliograph/page: index.html and hashed files below assets/.
// `node build.mjs <folder>` writes it elsewhere.
import { build } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "..", "src", "heliograph", "page"));

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "assets"), { recursive: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: { app: "src/main.tsx" },
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

const built = Object.keys(result.metafile.outputs).map((path) => basename(path));
const find = (ending) => {
  const name = built.find((file) => file.endsWith(ending));
  if (name === undefined) throw new Error(`the build gave no ${ending} file, only ${built.join(", ")}`);
  return name;
};
const template = await readFile(join(here, "index.html"), "utf8");
const html = template.replace("app.css", find(".css")).replace("app.js", find(".js"));
await writeFile(join(out, "index.html"), html);
