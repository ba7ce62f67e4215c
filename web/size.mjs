// Fails when the page's scripts, gzipped, are larger than the budget. Run it after the build.
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const budgetBytes = 90 * 1024;
const here = dirname(fileURLToPath(import.meta.url));
const assets = join(resolve(process.argv[2] ?? join(here, "..", "src", "heliograph", "page")), "assets");

let scriptBytes = 0;
for (const name of (await readdir(assets)).sort()) {
  const gzipped = gzipSync(await readFile(join(assets, name)), { level: 9 }).length;
  if (name.endsWith(".js")) scriptBytes += gzipped;
  console.log(`${name}  ${(gzipped / 1024).toFixed(1)} KiB gzipped`);
}
console.log(`scripts ${(scriptBytes / 1024).toFixed(1)} KiB of ${budgetBytes / 1024} KiB`);
if (scriptBytes === 0 || scriptBytes > budgetBytes) process.exitCode = 1;
