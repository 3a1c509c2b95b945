import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { apkMissing, apkName, makeApk } from "./package/apk.ts";
import { stageFeed } from "./package/feed.ts";
import { ipk, ipkName } from "./package/ipk.ts";
import { makeRelease } from "./package/release.ts";

/**
 * `make package`: the release tarball, and of the feed's Makefiles the packages for OpenWrt: `.ipk` always, `.apk` where
 * apk-tools 3 is installed. The same sources make the same bytes: no clock, no user, no folder of this machine is in
 * them. `SOURCE_DATE_EPOCH` sets the time of the files.
 */
const root = resolve(import.meta.dirname, "..");
const work = join(root, "dist/package");
const out = join(root, "dist/packages");

/** The time of every file unless SOURCE_DATE_EPOCH says another one: 2026-01-01T00:00:00Z. */
const FIXED_TIME_S = 1_767_225_600;

function mtime(): number {
  const text = process.env.SOURCE_DATE_EPOCH ?? String(FIXED_TIME_S);
  if (/^\d{1,10}$/.test(text)) return Number(text);
  console.error(`SOURCE_DATE_EPOCH: expected seconds since 1970, found ${text}`);
  process.exit(2);
}

function say(name: string): void {
  const kilobytes = (readFileSync(join(out, name)).length / 1_000).toFixed(1);
  console.log(`${kilobytes.padStart(9)} kB  ${name}`);
}

const time = mtime();
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const { bundle, components } = await makeRelease(work, out, time);
const packages = stageFeed(work, out);
for (const staged of packages) writeFileSync(join(out, ipkName(staged)), ipk(staged, time));
const missing = apkMissing();
if (missing === false) for (const staged of packages) makeApk(staged, time, join(out, apkName(staged)));

const names = readdirSync(out).sort();
const sums = names.map(
  (name) =>
    `${createHash("sha256")
      .update(readFileSync(join(out, name)))
      .digest("hex")}  ${name}\n`,
);
writeFileSync(join(out, "SHA256SUMS"), sums.join(""));
for (const name of names) say(name);
console.log(
  `in dist/packages, with SHA256SUMS; ${(bundle.totalBytes / 1_000).toFixed(0)} kB of code with ${components.length} packages of others`,
);
if (missing !== false) console.log(`No .apk: ${missing}.`);
