import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { build, type Metafile } from "esbuild";

/**
 * Bundles the daemon for a router: few files to read, nothing that is not used, no `node_modules`. The only thing that
 * stays outside is the optional native addon of the store.
 */
const root = resolve(import.meta.dirname, "..");
const daemon = join(root, "gateway/daemon");
const out = join(daemon, "dist/bundle");

/** The launcher of the bundle: what a user or procd starts. */
export const BUNDLED_TRAM = join(out, "bin.js");

/** What CommonJS dependencies expect in a file, and an ES module does not have. */
const COMMONJS = `import { createRequire as __createRequire } from "node:module";
import { dirname as __pathDirname } from "node:path";
import { fileURLToPath as __fileURLToPath } from "node:url";
const require = __createRequire(import.meta.url);
const __filename = __fileURLToPath(import.meta.url);
const __dirname = __pathDirname(__filename);`;

/** The launcher of the repository, which finds its programs beside itself in the bundle. */
const LAUNCHER = readFileSync(join(daemon, "bin/tram.js"), "utf8")
  .replace("../dist/cli/heap.js", "./heap.js")
  .replace("../dist/cli/main.js", "./tram.js");

export interface BundleSize {
  /** Minified JavaScript without source maps, in bytes. */
  readonly totalBytes: number;
  /** Bytes of each file. */
  readonly files: ReadonlyMap<string, number>;
  /** Bytes that each package brought, the largest first. */
  readonly packages: ReadonlyMap<string, number>;
}

/**
 * Bundles from the sources; needs no earlier build.
 * @returns the sizes.
 */
export async function bundleDaemon(): Promise<BundleSize> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    // Threads and child processes find their programs beside the file that starts them, so all files are in one folder.
    entryPoints: {
      tram: join(daemon, "src/cli/main.ts"),
      heap: join(daemon, "src/cli/heap.ts"),
      "store-worker": join(daemon, "src/store/store-worker.ts"),
      "module-child": join(daemon, "src/modules/module-child.ts"),
    },
    outdir: out,
    chunkNames: "chunk-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22",
    conditions: ["source"],
    minify: true,
    sourcemap: "external",
    legalComments: "none",
    external: ["better-sqlite3"],
    banner: { js: COMMONJS },
    metafile: true,
    logLevel: "warning",
  });
  writeFileSync(BUNDLED_TRAM, LAUNCHER, { mode: 0o755 });
  // The folder is copied to routers, away from the package that says so here.
  writeFileSync(join(out, "package.json"), '{ "type": "module" }\n');
  return sizeOf(metafile);
}

function sizeOf({ outputs }: Metafile): BundleSize {
  const files = new Map([[basename(BUNDLED_TRAM), Buffer.byteLength(LAUNCHER)]]);
  const packages = new Map<string, number>();
  for (const [path, { bytes, inputs }] of Object.entries(outputs)) {
    if (!path.endsWith(".js")) continue;
    files.set(basename(path), bytes);
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const name = packageOf(input);
      packages.set(name, (packages.get(name) ?? 0) + bytesInOutput);
    }
  }
  const totalBytes = [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
  return { totalBytes, files: descending(files), packages: descending(packages) };
}

function packageOf(input: string): string {
  const inside = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1];
  return inside ?? dirname(input).replace(/\/src(?:\/.*)?$/, "");
}

function descending(sizes: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return new Map([...sizes].sort(([, one], [, other]) => other - one));
}

if (import.meta.main) {
  const { totalBytes, files, packages } = await bundleDaemon();
  const kilobytes = (bytes: number): string => `${(bytes / 1_000).toFixed(1).padStart(8)} kB`;
  for (const [name, bytes] of files) console.log(`${kilobytes(bytes)}  ${name}`);
  console.log(`${kilobytes(totalBytes)}  in all, minified, without source maps; of that:`);
  for (const [name, bytes] of [...packages].slice(0, 12)) console.log(`${kilobytes(bytes)}    ${name}`);
}
