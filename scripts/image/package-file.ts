import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ImageError } from "./image-error.ts";

/** How an ImageBuilder installs: opkg with `.ipk` up to 24.10, apk with `.apk` since 25.12. */
export type Generation = "opkg" | "apk";

export const SUFFIX: Readonly<Record<Generation, string>> = { opkg: ".ipk", apk: ".apk" };

/** A package lying about as a file. */
export interface PackageFile {
  readonly path: string;
  readonly name: string;
  readonly version: string;
}

/** Name and version out of a package's file name; `undefined` when it does not have the form. */
export function parseFileName(file: string): { name: string; version: string } | undefined {
  // opkg reads both from inside; this is the form that OpenWrt gives.
  const ipk = /^([^_]+)_([^_]+)_(.+)\.ipk$/.exec(file);
  if (ipk !== null) return { name: ipk[1] ?? "", version: ipk[2] ?? "" };
  // apk-repositories(5): the index looks for `<name>-<version>.apk`, and for nothing else.
  const apk = /^(.+?)-(\d[^-]*(?:-r\d+)?)\.apk$/.exec(file);
  return apk === null ? undefined : { name: apk[1] ?? "", version: apk[2] ?? "" };
}

/**
 * The packages in a folder, of one generation.
 * @throws {ImageError} `bad-package-name`.
 */
export function packageFiles(folder: string, generation: Generation): readonly PackageFile[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX[generation]))
    .sort()
    .map((file) => {
      const parsed = parseFileName(file);
      if (parsed !== undefined) return { path: join(folder, file), ...parsed };
      const form = generation === "apk" ? "<name>-<version>.apk" : "<name>_<version>_<architecture>.ipk";
      throw new ImageError(
        "bad-package-name",
        `${join(folder, file)}: expected a file name of the form ${form}: the package manager looks for it by that name`,
      );
    });
}

/**
 * Whether an installed package is the one that was asked for. OpenWrt appends the ABI's version to names of packages
 * that have one (include/feeds.mk): `node` is installed as `node137`, and a name that ends in a digit gets a hyphen.
 */
export function isNamed(installed: string, wanted: string): boolean {
  if (installed === wanted) return true;
  if (!installed.startsWith(wanted)) return false;
  const abi = installed.slice(wanted.length);
  return /\d$/.test(wanted) ? /^-\d+$/.test(abi) : /^\d+$/.test(abi);
}
