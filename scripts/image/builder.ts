import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ImageError } from "./image-error.ts";
import type { Generation } from "./package-file.ts";

/** An unpacked ImageBuilder. */
export interface Builder {
  readonly folder: string;
  readonly generation: Generation;
  /** Target and subtarget: `mediatek/filogic`. */
  readonly target: string;
  /** Boards that it can build for. */
  readonly profiles: readonly string[];
}

/**
 * Asks an ImageBuilder what it is.
 * @throws {ImageError} `not-an-imagebuilder`.
 */
export function inspectBuilder(folder: string): Builder {
  const generation = generationOf(folder);
  if (!existsSync(join(folder, "Makefile")) || generation === undefined) {
    throw new ImageError(
      "not-an-imagebuilder",
      `${folder}: expected an unpacked ImageBuilder (Makefile, and repositories or repositories.conf), found none`,
    );
  }
  if (/\s/.test(folder)) {
    throw new ImageError(
      "not-an-imagebuilder",
      `${folder}: expected a path without blanks: make cannot have them`,
    );
  }
  const { status, stdout, stderr } = spawnSync("make", ["-s", "info"], {
    cwd: folder,
    encoding: "utf8",
    env: environment(),
  });
  const target = /^Current Target: "([^"]+)"/m.exec(stdout)?.[1]?.replace(/^(\S+) \((\S+)\)$/, "$1/$2");
  if (status !== 0 || target === undefined) {
    const said = `${stdout}${stderr}`.trim().slice(-500);
    throw new ImageError(
      "not-an-imagebuilder",
      `${folder}: expected \`make info\` to name the target, found:\n${said}`,
    );
  }
  const [, list = ""] = stdout.split("Available Profiles:");
  const profiles = [...list.matchAll(/^([A-Za-z0-9][\w.+,-]*):$/gm)].map(([, name = ""]) => name);
  return { folder, generation, target, profiles };
}

function generationOf(folder: string): Generation | undefined {
  // A stand-alone builder has no list of repositories; its configuration tells.
  const config = existsSync(join(folder, ".config")) ? readFileSync(join(folder, ".config"), "utf8") : "";
  if (/^CONFIG_USE_APK=y$/m.test(config)) return "apk";
  if (existsSync(join(folder, "repositories"))) return "apk";
  return existsSync(join(folder, "repositories.conf")) ? "opkg" : undefined;
}

/** What `make image` of an ImageBuilder takes. */
export interface BuildRequest {
  readonly profile: string;
  readonly packages: readonly string[];
  readonly files: string;
  /** Folder that the images go to. */
  readonly out: string;
  readonly disabledServices: string;
  readonly rootfsMb?: number;
}

/**
 * Builds, and shows all that ImageBuilder says while it does.
 * @throws {ImageError} `build-failed`.
 */
export async function build({ folder }: Builder, request: BuildRequest): Promise<void> {
  const args = [
    "image",
    `PROFILE=${request.profile}`,
    `PACKAGES=${request.packages.join(" ")}`,
    `FILES=${request.files}`,
    `BIN_DIR=${request.out}`,
    ...(request.disabledServices === "" ? [] : [`DISABLED_SERVICES=${request.disabledServices}`]),
    ...(request.rootfsMb === undefined ? [] : [`ROOTFS_PARTSIZE=${request.rootfsMb}`]),
  ];
  console.log(
    `In ${folder}:\nmake ${args.map((each) => (each.includes(" ") ? `'${each}'` : each)).join(" ")}\n`,
  );
  const make = spawn("make", args, {
    cwd: folder,
    env: environment(),
    stdio: ["ignore", "inherit", "inherit"],
  });
  const how = await new Promise<string | undefined>((resolve) => {
    make.once("error", ({ message }) => resolve(message));
    make.once("exit", (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal === null ? `exit code ${code}` : signal);
    });
  });
  if (how === undefined) return;
  throw new ImageError(
    "build-failed",
    `ImageBuilder failed (${how}). What it says above tells why; a package that "cannot be found" or "selected" is in no feed that it knows.`,
  );
}

/**
 * The environment without what the calling make put into it: its own variables would become ImageBuilder's (PACKAGES,
 * FILES), and its job server is not there.
 */
function environment(): NodeJS.ProcessEnv {
  const ours =
    /^(?:MAKE.*|MFLAGS|PROFILE|PACKAGES|FILES|BIN_DIR|DISABLED_SERVICES|ROOTFS_PARTSIZE|EXTRA_IMAGE_NAME)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}
