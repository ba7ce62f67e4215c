// Fails when the scripts that the page starts with, gzipped, are larger than the budget. Run it after the build.
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const budgetBytes = 90 * 1024;
const here = dirname(fileURLToPath(import.meta.url));
const assets = join(resolve(process.argv[2] ?? join(here, "..", "src", "heliograph", "page")), "assets");

const names = (await readdir(assets)).sort();
const texts = new Map(
  await Promise.all(names.map(async (name) => [name, await readFile(join(assets, name), "utf8")])),
);

// What is imported by name comes at the start; what is imported by a call comes when it is needed.
const starting = new Set(names.filter((name) => /^(app|early)-.*\.js$/.test(name)));
for (const name of starting)
  for (const [, wanted] of texts.get(name).matchAll(/(?:from|import)"\.\/([^"]+)"/g)) starting.add(wanted);

let scriptBytes = 0;
for (const name of names) {
  const gzipped = gzipSync(texts.get(name), { level: 9 }).length;
  if (starting.has(name)) scriptBytes += gzipped;
  console.log(
    `${name}  ${(gzipped / 1024).toFixed(1)} KiB gzipped${starting.has(name) ? ", at the start" : ""}`,
  );
}
console.log(`scripts of the start ${(scriptBytes / 1024).toFixed(1)} KiB of ${budgetBytes / 1024} KiB`);
if (scriptBytes === 0 || scriptBytes > budgetBytes) process.exitCode = 1;
