import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { INHERITING, lazyBuiltins } from "./package/lazy-builtins.ts";
import { leftOut } from "./package/left-out.ts";
import { purePackages } from "./package/pure-packages.ts";

/**
 * Bundles the daemon for a router: the gateway and its command line in one file, and beside it one file for each
 * program that runs in an isolate of its own (docs/adr/0010-one-file.md). No `node_modules`, no native addon.
 */
const root = resolve(import.meta.dirname, "..");
const daemon = join(root, "gateway/daemon");

/** Where `bundleDaemon` writes unless it is told otherwise. */
const OUT = join(daemon, "dist/bundle");

/** The bundled program: what a user or procd starts. */
export const BUNDLED_TRAM = join(OUT, "tram.js");

/**
 * More than this on a router's flash, and somebody brought a dependency that does not belong there. In bytes: of the core
 * daemon, which is everything but the dialects of clouds, and of all.
 */
const LIMITS = { core: 2_000_000, all: 2_200_000 } as const;

/** The package whose share is no core daemon's. */
const CLOUDS = "cloud-bridge";

/** What CommonJS dependencies expect in a file and an ES module does not have. It must cost nothing before it is used. */
const COMMONJS =
  'const require=(id)=>process.getBuiltinModule("node:module").createRequire(import.meta.url)(id),' +
  "__filename=import.meta.filename,__dirname=import.meta.dirname;";

/** The launcher of the repository starts the compiled files; the bundle is made of the sources. */
const launcherToSources: Plugin = {
  name: "launcher-to-sources",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/dist\/.*\.js$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace("../dist/", "../src/").replace(/\.js$/, ".ts")),
    }));
  },
};

/** How a file of the product is made of the sources. */
export const PRODUCT_SETTINGS = {
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22",
  conditions: ["source", "module"],
  // Of what comes both ways the one that can be taken apart: half of the certificates' library is not called.
  mainFields: ["module", "main"],
  minify: true,
  legalComments: "none",
  banner: { js: COMMONJS + INHERITING },
  // Else the WebSocket library would look for addons in folders that are not ours.
  define: { "process.env.WS_NO_BUFFER_UTIL": '"1"', "process.env.WS_NO_UTF_8_VALIDATE": '"1"' },
  plugins: [leftOut, lazyBuiltins, purePackages, launcherToSources],
} satisfies BuildOptions;

export interface BundleOptions {
  /** Folder of the programs; it is emptied first. */
  readonly folder?: string;
  /** Folder of the source maps, which do not go onto a router. */
  readonly maps?: string;
}

export interface Bundle {
  /** Minified JavaScript without source maps, in bytes. */
  readonly totalBytes: number;
  /** Bytes of each file, the largest first. */
  readonly files: ReadonlyMap<string, number>;
  /** Bytes that each package brought, the largest first. */
  readonly packages: ReadonlyMap<string, number>;
  /** Source files that contributed, relative to the repository. */
  readonly inputs: readonly string[];
}

/**
 * Bundles from the sources; needs no earlier build.
 * @throws {Error} when the bundle would need something beside it, is too large, or would take twice its size in memory.
 */
export async function bundleDaemon({ folder = OUT, maps = folder }: BundleOptions = {}): Promise<Bundle> {
  const { metafile, outputFiles } = await build({
    ...PRODUCT_SETTINGS,
    absWorkingDir: root,
    // Threads and child processes find their programs beside the file that starts them.
    entryPoints: {
      tram: join(daemon, "bin/tram.js"),
      "snapshot-worker": join(daemon, "src/store/snapshot-worker.ts"),
      "module-child": join(daemon, "src/modules/module-child.ts"),
      "node-red-runner": join(daemon, "src/node-red/node-red-runner.ts"),
    },
    outdir: folder,
    write: false,
    sourcemap: "external",
    metafile: true,
    logLevel: "warning",
  });
  rmSync(folder, { recursive: true, force: true });
  for (const target of [folder, maps]) mkdirSync(target, { recursive: true });
  for (const { path, contents } of outputFiles) {
    const name = basename(path);
    if (path.endsWith(".js")) refuseWideCharacters(name, contents);
    writeFileSync(join(path.endsWith(".map") ? maps : folder, name), contents);
  }
  chmodSync(join(folder, "tram.js"), 0o755);
  // The folder is copied to routers, away from the package that says so here.
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  refuseExternals(metafile);
  const bundle = describe(metafile);
  const core = bundle.totalBytes - (bundle.packages.get(CLOUDS) ?? 0);
  for (const [what, found, limit] of [
    ["the core daemon", core, LIMITS.core],
    ["the bundle", bundle.totalBytes, LIMITS.all],
  ] as const) {
    if (found > limit) throw new Error(`${what}: expected at most ${limit} bytes, found ${found}`);
  }
  return bundle;
}

/** V8 keeps a source in one byte a character only when all of them are Latin-1, and Node decodes only ASCII so. */
function refuseWideCharacters(name: string, contents: Uint8Array): void {
  const at = contents.findIndex((byte) => byte > 127);
  if (at < 0) return;
  const around = Buffer.from(contents.subarray(Math.max(0, at - 40), at + 40)).toString("utf8");
  throw new Error(`${name}: expected ASCII (escape it in the source), found at byte ${at}: ${around}`);
}

function refuseExternals({ outputs }: Metafile): void {
  for (const [path, { imports }] of Object.entries(outputs)) {
    for (const { path: found, external } of imports) {
      if (external) throw new Error(`${path}: expected all of its code inside, found an import of ${found}`);
    }
  }
}

function describe({ outputs, inputs }: Metafile): Bundle {
  const files = new Map<string, number>();
  const packages = new Map<string, number>();
  const contributing = new Set<string>();
  for (const [path, output] of Object.entries(outputs)) {
    if (!path.endsWith(".js")) continue;
    files.set(basename(path), output.bytes);
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      if (bytesInOutput === 0 || /^(?:node-builtin(?:-import)?|absent|unused|silent):/.test(input)) continue;
      contributing.add(input);
      const name = packageOf(input);
      packages.set(name, (packages.get(name) ?? 0) + bytesInOutput);
    }
  }
  if (Object.keys(inputs).length === 0) throw new Error("the bundle: expected sources, found none");
  const totalBytes = [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
  return {
    totalBytes,
    files: descending(files),
    packages: descending(packages),
    inputs: [...contributing].sort(),
  };
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
