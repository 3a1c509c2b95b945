import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/**
 * Checks who imports whom: the rules of CONTRIBUTING.md, read from the sources, type imports included. (The cruisers on
 * npm read TypeScript through parsers that do not know `using` yet, and one of them then reads nothing and is content.)
 */
const ROOT = resolve(import.meta.dirname, "..");

/** The rooms of the house: what each may import, besides npm packages. `node` allows `node:*`. */
const ROOMS: Readonly<Record<string, { readonly imports: readonly string[]; readonly node: boolean }>> = {
  protocol: { imports: [], node: false },
  "modules/sdk": { imports: ["protocol"], node: false },
  "gateway/core": { imports: ["protocol", "modules/sdk"], node: false },
  "gateway/broker": { imports: ["protocol", "gateway/core"], node: true },
  "rules/engine": { imports: ["protocol"], node: false },
  "rules/node-red": { imports: [], node: true },
  "cloud-bridge": { imports: ["protocol", "gateway/core"], node: true },
  "modules/sim": { imports: ["protocol", "modules/sdk"], node: false },
  "modules/conformance": { imports: ["protocol", "modules/sdk", "testkit"], node: true },
  "gateway/web": { imports: ["protocol"], node: false },
  "gateway/daemon": {
    imports: [
      "protocol",
      "gateway/core",
      "gateway/broker",
      "modules/sdk",
      "modules/sim",
      "rules/engine",
      "cloud-bridge",
    ],
    node: true,
  },
  testkit: { imports: ["protocol", "gateway/core", "modules/sdk"], node: true },
};

/** npm packages that the pure rooms must not know. */
const IMPURE = /^(?:mqtt|aedes|better-sqlite3|pino|ws)$/;
const PURE = new Set(["protocol", "gateway/core", "rules/engine"]);
/** Fewer than this, and the check reads the wrong folders. */
const AT_LEAST_FILES = 150;

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const root = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
const manifests = new Map<string, Manifest>(
  Object.keys(ROOMS).map((room) => [
    room,
    JSON.parse(readFileSync(join(ROOT, room, "package.json"), "utf8")) as Manifest,
  ]),
);
const roomOfPackage = new Map([...manifests].map(([room, { name }]) => [name, room]));
const problems: string[] = [];
const graph = new Map<string, string[]>();
let files = 0;

for (const [room, rule] of Object.entries(ROOMS)) {
  for (const file of globSync(`${room}/{src,conformance}/**/*.{ts,tsx}`, { cwd: ROOT })) {
    files++;
    const test = /\.(?:test|fixture)\.tsx?$|\/(?:fixtures|testing)\//.test(file);
    for (const found of importsOf(file)) checkImport({ file, room, rule, test }, found);
  }
}
for (const circle of circles()) problems.push(`circle: ${circle.join(" → ")}`);

for (const problem of problems) console.error(problem);
if (files < AT_LEAST_FILES) console.error(`read only ${files} files: the check looks in the wrong place`);
console.log(`${files} files, ${problems.length} forbidden imports`);
process.exitCode = problems.length === 0 && files >= AT_LEAST_FILES ? 0 : 1;

/**
 * Everything that a file imports, re-exports or loads; comments and strings do not begin a line so. `atStart` is what
 * is needed before the file itself runs: types are not, and neither is what is loaded later.
 */
function importsOf(file: string): { name: string; atStart: boolean }[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [
    ...[...text.matchAll(/^(?:import|export)\s+(type\s)?[^;"']*?\bfrom\s+"([^"]+)"/gm)].map(
      ([, type, name = ""]) => ({ name, atStart: type === undefined }),
    ),
    ...[...text.matchAll(/^import\s+"([^"]+)"/gm)].map(([, name = ""]) => ({ name, atStart: true })),
    ...[...text.matchAll(/\bimport\("([^"]+)"\)/g)].map(([, name = ""]) => ({ name, atStart: false })),
  ];
}

function checkImport(
  from: { file: string; room: string; rule: (typeof ROOMS)[string]; test: boolean },
  { name, atStart }: { name: string; atStart: boolean },
): void {
  const { file, room, rule, test } = from;
  const refuse = (why: string): void => void problems.push(`${file}: ${name}: ${why}`);
  if (name.startsWith("node:")) {
    if (!rule.node && !test) refuse(`${room} does no input or output`);
    return;
  }
  if (name.startsWith(".")) {
    const target = relative(ROOT, resolve(ROOT, dirname(file), name));
    if (!target.startsWith(`${room}/`)) refuse("reaches another package past its door");
    else if (!existsSync(join(ROOT, target))) refuse("is not there");
    else if (atStart && !/\.css$/.test(target)) graph.set(file, [...(graph.get(file) ?? []), target]);
    return;
  }
  const [scope = "", rest] = name.split("/");
  const packageName = scope.startsWith("@") ? `${scope}/${rest}` : scope;
  const {
    dependencies,
    devDependencies,
    optionalDependencies,
    name: own,
  } = manifests.get(room) ?? { name: "" };
  const declared = { ...dependencies, ...optionalDependencies, ...(test ? devDependencies : {}) };
  const everywhere = test && Object.hasOwn(root.devDependencies ?? {}, packageName);
  if (!Object.hasOwn(declared, packageName) && packageName !== own && !everywhere) {
    refuse(`${room}/package.json does not declare it`);
  }
  if (PURE.has(room) && IMPURE.test(packageName) && !test) refuse(`${room} is pure`);
  const target = roomOfPackage.get(packageName);
  if (target === undefined || target === room || rule.imports.includes(target)) return;
  if (test && ["testkit", "modules/conformance"].includes(target)) return;
  refuse(`${room} may not import ${target}`);
}

/** Files that need each other before either can run; each circle once. */
function circles(): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      found.push([...path.slice(at), file]);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}
