import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ImageError } from "./image-error.ts";
import { isNamed } from "./package-file.ts";

/** Without these an image is not a gateway. */
const VITAL = ["node", "tram", "luci-app-tram"];

/** Oldest Node that the gateway runs on (gateway/daemon/bin/tram.js). */
const OLDEST_NODE = [22, 23] as const;

/** What ImageBuilder says is in the image: version by package. */
export type Manifest = ReadonlyMap<string, string>;

/**
 * Reads the manifest that ImageBuilder puts beside its images. opkg writes `name - version`, apk `name version`.
 * @throws {ImageError} `no-manifest`.
 */
export function readManifest(folder: string): Manifest {
  const files = readdirSync(folder).filter((file) => file.endsWith(".manifest"));
  const lines = files.flatMap((file) => readFileSync(join(folder, file), "utf8").split("\n"));
  const found = new Map<string, string>();
  for (const line of lines) {
    const [, name, version] = /^(\S+)(?: - | )(\S+)\s*$/.exec(line) ?? [];
    if (name !== undefined && version !== undefined) found.set(name, version);
  }
  if (found.size > 0) return found;
  const what = files.length === 0 ? "none" : `nothing that can be read in ${files.join(", ")}`;
  throw new ImageError(
    "no-manifest",
    `${folder}: expected a *.manifest with the packages of the image, found ${what}. What is in the image is not known: do not flash it.`,
  );
}

/**
 * Makes sure that nothing was dropped on the way, and that the Node in the image can run the gateway.
 * @param wanted packages of the profile and of the user; with `-` in front they are not wanted.
 * @throws {ImageError} `dropped` or `old-node`.
 */
export function checkManifest(manifest: Manifest, wanted: readonly string[]): void {
  const installed = [...manifest.keys()];
  const names = new Set([...VITAL, ...wanted.filter((name) => !name.startsWith("-"))]);
  const dropped = [...names].filter((name) => !installed.some((each) => isNamed(each, name)));
  if (dropped.length > 0) {
    throw new ImageError(
      "dropped",
      `The image lacks ${dropped.join(", ")}: do not flash it.\n${adviceFor(dropped)}`,
    );
  }
  const node = installed.find((each) => isNamed(each, "node")) ?? "";
  const version = manifest.get(node) ?? "";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new ImageError(
    "old-node",
    `The image has ${node} ${version}: expected ${OLDEST_NODE.join(".")} or newer. The official feed of 24.10 has Node 20; give another with NODE_FEED=.`,
  );
}

function adviceFor(dropped: readonly string[]): string {
  if (dropped.includes("node")) {
    return "Node is not in OpenWrt's official feed since 25.12: give a feed that has it with NODE_FEED= (docs/guide/openwrt.md).";
  }
  return "See what the package manager says about them above; a package whose dependency is missing is left out.";
}
