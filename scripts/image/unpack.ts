import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { ImageError } from "./image-error.ts";

/** Names of 300,000 files fit. In bytes. */
const LIST_LIMIT = 64 * 1_048_576;

/**
 * Unpacks a verified ImageBuilder once into the cache, and finds it there the next time.
 * @param sum the archive's SHA-256: its place in the cache.
 * @returns the folder of the ImageBuilder.
 * @throws {ImageError} `broken-archive` or `unsafe-archive`; nothing is left behind then.
 */
export function unpackedBuilder(archive: string, sum: string, cache: string): string {
  const place = join(cache, sum.slice(0, 16));
  if (existsSync(place)) return onlyFolder(place, archive);
  checkNames(archive);
  const partial = `${place}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    tar(["-x", "-f", archive, "-C", partial, "--no-same-owner"], archive);
    onlyFolder(partial, archive);
    renameSync(partial, place); // From here on it is whole.
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
  return onlyFolder(place, archive);
}

/**
 * Reads the whole archive before anything of it is written. GNU tar itself writes no link that leads out before all
 * files are there; names that lead out it only skips, and a person should know that somebody tried.
 */
function checkNames(archive: string): void {
  const listed = tar(["-t", "-f", archive, "--quoting-style=escape", "--absolute-names"], archive);
  for (const name of listed.split("\n")) {
    if (!name.startsWith("/") && !name.split("/").includes("..")) continue;
    throw new ImageError("unsafe-archive", `${archive}: expected names below one folder, found ${name}`);
  }
}

function tar(args: readonly string[], archive: string): string {
  const { status, stdout, stderr, error } = spawnSync("tar", args, {
    encoding: "utf8",
    maxBuffer: LIST_LIMIT,
  });
  if (status === 0) return stdout;
  const why = error?.message ?? stderr.trim().split("\n").slice(0, 3).join("\n  ");
  throw new ImageError(
    "broken-archive",
    `${archive}: expected a whole .tar.zst or .tar.xz, and the programs tar, zstd and xz, found:\n  ${why}`,
  );
}

function onlyFolder(place: string, archive: string): string {
  const entries = readdirSync(place, { withFileTypes: true });
  const [first] = entries;
  if (entries.length === 1 && first?.isDirectory() === true) return join(place, first.name);
  throw new ImageError(
    "not-an-imagebuilder",
    `${basename(archive)}: expected one folder in it, found ${entries.map(({ name }) => name).join(", ") || "nothing"}`,
  );
}
