import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { Builder } from "./builder.ts";
import { ImageError } from "./image-error.ts";
import { type PackageFile, packageFiles, parseFileName, SUFFIX } from "./package-file.ts";

/** Indexes of the folder that ImageBuilder keeps; it makes them anew when they are not there. */
const INDEXES = ["Packages", "Packages.gz", "Packages.sig", "Packages.manifest", "packages.adb"];

/**
 * Our packages, as `make package` left them.
 * @throws {ImageError} `no-packages` when some are missing.
 */
export function ourPackages(folder: string, { generation }: Builder): readonly PackageFile[] {
  const found = existsSync(folder) ? packageFiles(folder, generation) : [];
  const missing = ["tram", "luci-app-tram"].filter((name) => !found.some((each) => each.name === name));
  if (missing.length === 0) return found;
  const suffix = SUFFIX[generation];
  const why =
    generation === "apk"
      ? "This ImageBuilder installs .apk: `make package` makes them where apk-tools is installed."
      : "Call `make package` first.";
  throw new ImageError(
    "no-packages",
    `${folder}: expected ${missing.map((name) => `${name} (${suffix})`).join(" and ")}, found ${found.length === 0 ? `no ${suffix}` : "others"}. ${why}`,
  );
}

/**
 * Lays packages into ImageBuilder's own folder, from which it installs before any feed (packages/README.md of an
 * ImageBuilder). Other versions of the same packages go.
 */
export function placePackages(builder: Builder, packages: readonly PackageFile[]): void {
  const folder = join(builder.folder, "packages");
  mkdirSync(folder, { recursive: true });
  const placed = new Set(packages.map(({ name }) => name));
  for (const file of readdirSync(folder)) {
    if (INDEXES.includes(file) || placed.has(parseFileName(file)?.name ?? "")) rmSync(join(folder, file));
  }
  for (const { path } of packages) copyFileSync(path, join(folder, basename(path)));
}
