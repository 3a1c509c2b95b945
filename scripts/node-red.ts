import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * Node-RED for the tests and the benchmark, as the package tram-node-red brings it: the same lock file, installed into
 * the cache of this repository. It is no dependency of the repository itself.
 */
const ROOT = resolve(import.meta.dirname, "..");
const SOURCE = join(ROOT, "packages-openwrt/tram-node-red/src");
const FILES = ["package.json", "package-lock.json", ".npmrc"];

/** Folder whose `node_modules` has Node-RED, once it is installed. */
export const NODE_RED_DIR = join(ROOT, ".cache/node-red");
const MARKER = join(NODE_RED_DIR, ".installed");

/** Whether it is there, and is what the lock file names. */
export function nodeRedInstalled(): boolean {
  return existsSync(MARKER) && readFileSync(MARKER, "utf8") === fingerprint();
}

/**
 * Installs it, unless it is there. No install script runs, and no native addon comes with it.
 * @returns why that did not work.
 */
export function installNodeRed(): string | undefined {
  if (nodeRedInstalled()) return undefined;
  console.log("Installing Node-RED …");
  mkdirSync(NODE_RED_DIR, { recursive: true });
  for (const file of FILES) copyFileSync(join(SOURCE, file), join(NODE_RED_DIR, file));
  const args = [
    "ci",
    "--ignore-scripts",
    "--omit=dev",
    "--omit=optional",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  const npm = spawnSync("npm", args, { cwd: NODE_RED_DIR, stdio: "inherit" });
  if (npm.status !== 0) return "Node-RED could not be installed";
  writeFileSync(MARKER, fingerprint());
  return undefined;
}

function fingerprint(): string {
  const hash = createHash("sha256");
  for (const file of FILES) hash.update(readFileSync(join(SOURCE, file)));
  return hash.digest("hex");
}

if (import.meta.main) {
  const problem = installNodeRed();
  if (problem !== undefined) {
    console.error(problem);
    process.exitCode = 1;
  }
}
