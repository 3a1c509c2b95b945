import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { TarEntry } from "../../gateway/daemon/src/support/tar.ts";
import { readTree } from "./tree.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PALETTE = join(ROOT, "rules/node-red");

/** For those who work on it; Node-RED needs none of them. */
const NOT_NEEDED = /\.(?:map|d\.ts|tsbuildinfo)$/;

interface Manifest {
  readonly name: string;
  readonly files: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
}

/**
 * The palette as npm would install it beside Node-RED, below `node_modules`. It brings its own dependencies along:
 * Node-RED has other versions of them. It must have been built.
 * @throws {Error} when it was not, or when a dependency is installed in another version than it names.
 */
export function paletteEntries(): TarEntry[] {
  const manifest = JSON.parse(readFileSync(join(PALETTE, "package.json"), "utf8")) as Manifest;
  const entries: TarEntry[] = [
    ...manifest.files.flatMap((folder) => below(folder, readTree(join(PALETTE, folder)))),
    ...["package.json", "README.md"].map((name) => file(name, join(PALETTE, name))),
    file("LICENSE", join(ROOT, "LICENSE")),
    ...Object.entries(manifest.dependencies).flatMap(([name, version]) => {
      const found = join(ROOT, "node_modules", name);
      const installed = JSON.parse(readFileSync(join(found, "package.json"), "utf8")) as { version: string };
      if (installed.version !== version) {
        throw new Error(`${name}: expected version ${version}, found ${installed.version}`);
      }
      return [folder("node_modules"), ...below(`node_modules/${name}`, readTree(found))];
    }),
  ].filter(({ path }) => !NOT_NEEDED.test(path));
  if (!entries.some(({ path }) => path === "dist/gateway.js")) {
    throw new Error("the palette is not built: expected `tsc -b` to have run");
  }
  return [folder(dirname(manifest.name)), ...below(manifest.name, entries)];
}

function below(path: string, entries: readonly TarEntry[]): TarEntry[] {
  return [folder(path), ...entries.map((entry) => ({ ...entry, path: `${path}/${entry.path}` }))];
}

function folder(path: string): TarEntry {
  return { kind: "folder", path, mode: 0o755 };
}

function file(path: string, from: string): TarEntry {
  return { kind: "file", path, mode: 0o644, content: readFileSync(from) };
}
