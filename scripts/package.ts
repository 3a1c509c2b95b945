import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { makePackages } from "./package/make-packages.ts";

/** `make package`. `SOURCE_DATE_EPOCH` sets the time of the files, `NODE_RED=1` makes the package tram-node-red too. */
const root = resolve(import.meta.dirname, "..");
const out = join(root, "dist/packages");

function mtimeS(): number | undefined {
  const text = process.env.SOURCE_DATE_EPOCH;
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  console.error(`SOURCE_DATE_EPOCH: expected seconds since 1970, found ${text}`);
  process.exit(2);
}

const time = mtimeS();
const { release, files, noApk } = await makePackages({
  work: join(root, "dist/package"),
  out,
  ...(time === undefined ? {} : { mtimeS: time }),
  nodeRed: process.env.NODE_RED === "1",
});
const kilobytes = (bytes: number): string => (bytes / 1_000).toFixed(1);
for (const name of files) console.log(`${kilobytes(statSync(join(out, name)).size).padStart(9)} kB  ${name}`);
console.log(
  `in dist/packages, with SHA256SUMS; ${kilobytes(release.bundle.totalBytes)} kB of code with ${release.components.length} packages of others`,
);
if (noApk !== false) console.log(`No .apk: ${noApk}.`);
