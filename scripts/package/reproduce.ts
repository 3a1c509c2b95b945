import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/**
 * Makes the packages in two places that differ in all that must not matter: folder, user's home, time zone, language and
 * umask; and in the second place twice. Exit code 1 when they are not the same bytes.
 */
const root = resolve(import.meta.dirname, "../..");

/** A copy of the working copy as git sees it, with the same dependencies. */
function copyTo(target: string): void {
  const { stdout } = run(root, ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  for (const file of stdout.split("\0").filter((name) => name !== "" && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(root, file), join(target, file));
  }
  // Links save half a gigabyte of copying; another disk needs the copy.
  const from = join(root, "node_modules");
  if (spawnSync("cp", ["-al", from, target]).status !== 0) run(root, ["cp", "-a", from, target]);
}

function run(
  folder: string,
  [program = "", ...args]: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): { stdout: string } {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} in ${folder}:\n${stderr}${stdout}`);
  return { stdout };
}

function packagesOf(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
  umask = "022",
): string {
  const build = `umask ${umask} && node scripts/build-web.ts && node scripts/package.ts`;
  run(folder, ["sh", "-c", build], environment);
  return readFileSync(join(folder, "dist/packages/SHA256SUMS"), "utf8");
}

const copy = mkdtempSync(join(tmpdir(), "tram-reproduce-"));
try {
  copyTo(copy);
  const elsewhere = {
    HOME: copy,
    TZ: "Asia/Ho_Chi_Minh",
    LC_ALL: "C",
    PATH: `${join(copy, "node_modules/.bin")}:${process.env.PATH ?? ""}`,
  };
  const sums = [packagesOf(root), packagesOf(copy, elsewhere, "077"), packagesOf(copy, elsewhere)];
  const [first = ""] = sums;
  for (const line of first.trim().split("\n")) console.log(line);
  const differing = sums.findIndex((text) => text !== first);
  if (differing > 0) {
    console.error(`build ${differing + 1} differs:\n${sums[differing]}`);
    process.exitCode = 1;
  } else console.log(`${sums.length} builds, the same bytes`);
} finally {
  rmSync(copy, { recursive: true, force: true });
}
