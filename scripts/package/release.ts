import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type TarEntry, tarGz } from "../../gateway/daemon/src/support/tar.ts";
import { PRODUCT } from "../../protocol/src/product.ts";
import { type Bundle, bundleDaemon } from "../bundle.ts";
import { type Component, findComponents, type Lock } from "./components.ts";
import { notices } from "./notices.ts";
import { type Product, sbom } from "./sbom.ts";
import { readTree } from "./tree.ts";

const root = resolve(import.meta.dirname, "../..");
const web = join(root, "gateway/web");

export interface Release {
  /** `tram-0.1.0.tar.gz` */
  readonly tarball: string;
  readonly bundle: Bundle;
  readonly components: readonly Component[];
}

/**
 * Makes the release tarball, of which the feed's Makefile makes a package: `lib/` (the programs and the web UI), the
 * bill of materials and the licences. The web UI must have been built.
 * @param work folder for what is made on the way; the source maps stay there.
 * @param out folder of the tarball.
 * @param mtime time of every file, in seconds since 1970.
 */
export async function makeRelease(work: string, out: string, mtime: number): Promise<Release> {
  const programs = join(work, "lib");
  const bundle = await bundleDaemon({ folder: programs, maps: join(work, "maps") });
  const lock = JSON.parse(read("package-lock.json")) as Lock;
  const moduleList = join(web, ".cache/modules.json");
  if (!existsSync(moduleList)) throw new Error("the web UI is not built: expected `make build` to have run");
  const inWeb = JSON.parse(readFileSync(moduleList, "utf8")) as string[];
  const components = findComponents(root, lock, { daemon: bundle.inputs, web: inWeb });
  const product: Product = {
    name: PRODUCT.name,
    version: PRODUCT.version,
    license: "Apache-2.0",
    description: "An open IoT gateway: a local MQTT broker, rules, a web UI and a cloud bridge.",
  };
  const texts: Readonly<Record<string, string>> = {
    LICENSE: read("LICENSE"),
    "LICENSES.txt": notices(product, read("LICENSE"), components),
    "sbom.cdx.json": sbom(product, components),
  };
  const entries = [
    ...under("lib", readTree(programs)),
    ...under("lib/web", servedFiles()),
    ...Object.entries(texts).map(
      ([path, text]): TarEntry => ({ kind: "file", path, mode: 0o644, content: Buffer.from(text) }),
    ),
  ].map((entry) => ({
    ...entry,
    mode: entry.kind === "folder" || (entry.mode & 0o100) !== 0 ? 0o755 : 0o644,
  }));
  const name = `${PRODUCT.name}-${PRODUCT.version}`;
  const tarball = join(out, `${name}.tar.gz`);
  mkdirSync(dirname(tarball), { recursive: true });
  writeFileSync(tarball, tarGz(entries, { mtime, prefix: `${name}/` }));
  return { tarball, bundle, components };
}

/** The built UI as it is served, with what was compressed ahead. */
function servedFiles(): TarEntry[] {
  const files = readTree(join(web, "dist"));
  for (const needed of ["index.html", "index.html.br", "index.html.gz"]) {
    if (!files.some(({ path }) => path === needed))
      throw new Error(`the web UI: expected ${needed}, found no such file`);
  }
  return files.filter(({ path }) => !path.endsWith(".map"));
}

function under(folder: string, entries: readonly TarEntry[]): TarEntry[] {
  return [
    { kind: "folder", path: folder, mode: 0o755 },
    ...entries.map((entry) => ({ ...entry, path: `${folder}/${entry.path}` })),
  ];
}

function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}
