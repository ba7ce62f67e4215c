// Builds the page into ../src/heliograph/page: index.html and hashed files below assets/.
// `node build.mjs <folder>` writes it elsewhere.
import { build } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "..", "src", "heliograph", "page"));

// esbuild makes one file for each set of beginnings that reach a module: dozens of small ones, which a browser fetches
// one after the other. What is loaded later is never alone on the page; a beginning that says what is there before it
// (the start, and for dashboards what each of them needs) leaves one file of each.
const source = (path) => join(here, "src", path);
const beforeAll = [source("main.tsx")];
const beforeDashboards = [
  ...beforeAll,
  source("dashboard/parts.ts"),
  source("dashboard/panels/Timeseries.tsx"),
];
const onDashboards = (path) =>
  path.startsWith(source("dashboard/")) && path !== source("dashboard/edit/add.ts");
const together = {
  name: "together",
  setup({ onResolve, onLoad, resolve: find }) {
    onResolve({ filter: /^\./ }, async ({ path, kind, resolveDir }) => {
      if (kind !== "dynamic-import") return undefined;
      return { path: (await find(path, { kind: "import-statement", resolveDir })).path, namespace: "later" };
    });
    onLoad({ filter: /./, namespace: "later" }, ({ path }) => {
      const before = onDashboards(path) ? beforeDashboards : beforeAll;
      const lines = before.map((one) => `import ${JSON.stringify(one)};`);
      return { contents: [...lines, `export * from ${JSON.stringify(path)};`].join("\n"), resolveDir: here };
    });
  },
};

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "assets"), { recursive: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: { early: "src/early.ts", app: "src/main.tsx", style: "src/style/page.css" },
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  splitting: true,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  plugins: [together],
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

const outputs = new Map(Object.entries(result.metafile.outputs).map(([path, one]) => [basename(path), one]));
const find = (start, ending) => {
  const name = [...outputs.keys()].find((file) => file.startsWith(`${start}-`) && file.endsWith(ending));
  if (name === undefined)
    throw new Error(`the build gave no ${start} ${ending}, only ${[...outputs.keys()].join(", ")}`);
  return name;
};
// Files and what they import by name: a browser that is told of all fetches them at once, not one after the other.
const needed = (names) => {
  const all = new Set(names);
  for (const name of all)
    for (const { path, kind } of outputs.get(name)?.imports ?? [])
      if (kind === "import-statement") all.add(basename(path));
  return [...all];
};
const first = needed([find("app", ".js")]);
const dashboard = needed([find("parts", ".js"), find("Timeseries", ".js")]).filter(
  (name) => !first.includes(name),
);
const preloads = first.map((name) => `<link rel="modulepreload" href="/assets/${name}" />`);
const template = await readFile(join(here, "index.html"), "utf8");
const html = template
  .replace("app.css", find("style", ".css"))
  .replace("app.js", find("app", ".js"))
  .replace("early.js", find("early", ".js"))
  .replace(
    "<!-- files of a dashboard -->",
    `<meta name="dashboard-files" content="${dashboard.join(" ")}" />`,
  )
  .replace("<!-- files of the start -->", preloads.join("\n    "));
await writeFile(join(out, "index.html"), html);
