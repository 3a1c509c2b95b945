import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Applets of busybox that an OpenWrt base system has and the package's scripts use. */
const APPLETS = [
  ...[
    "ash",
    "sh",
    "cat",
    "chmod",
    "chown",
    "cp",
    "cut",
    "echo",
    "grep",
    "head",
    "id",
    "ln",
    "ls",
    "mkdir",
    "mv",
  ],
  ...[
    "printf",
    "pwd",
    "rm",
    "sed",
    "sleep",
    "sort",
    "stat",
    "tail",
    "test",
    "touch",
    "tr",
    "true",
    "wc",
    "awk",
  ],
  ...[
    "df",
    "dirname",
    "basename",
    "env",
    "find",
    "mktemp",
    "uname",
    "tee",
    "xargs",
    "[",
    "expr",
    "date",
    "readlink",
  ],
];

export interface RouterUser {
  readonly name: string;
  readonly uid: number;
}

/** Why a root file system of its own cannot be run here; false when it can. */
export function routerMissing(): string | false {
  const problem = whyNoRouter();
  if (problem !== false && process.env.CI === "true") throw new Error(problem);
  return problem;
}

function whyNoRouter(): string | false {
  if (process.getuid?.() !== 0) return "only root may mount a root file system";
  if (!existsSync("/bin/busybox") && !existsSync("/usr/bin/busybox"))
    return "busybox-static is not installed";
  const mount = spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]);
  return mount.status === 0 ? false : `mount namespaces are not permitted here: ${mount.stderr}`;
}

/**
 * A root file system as a router has it: busybox, Node with its libraries, the packages' files, and nothing else. It is
 * mounted read-only but for what the package may write, in a mount namespace of its own, and the program runs in it as
 * the package's user.
 */
export class RouterRoot {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    for (const folder of [
      "bin",
      "dev",
      "etc",
      "lib",
      "proc",
      "sys",
      "tmp",
      "usr/bin",
      "usr/lib",
      "var/run",
      "srv",
    ]) {
      mkdirSync(join(path, folder), { recursive: true });
    }
    chmodSync(path, 0o755); // Another user must get through it.
    this.#addBusybox();
    this.#addNode();
    writeFileSync(join(path, "etc/passwd"), "root:x:0:0:root:/root:/bin/ash\n");
    writeFileSync(join(path, "etc/group"), "root:x:0:\n");
  }

  file(name: string): string {
    return join(this.path, name);
  }

  read(name: string): string {
    return readFileSync(this.file(name), "utf8");
  }

  write(name: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.file(name)), { recursive: true });
    writeFileSync(this.file(name), text, { mode });
    chmodSync(this.file(name), mode);
  }

  /** Unpacks the data archive of an `.ipk`, as opkg does: owners and modes as they are in it. */
  install(ipk: string): void {
    const script = 'set -e; tar -xzOf "$1" ./data.tar.gz | tar -xzp --numeric-owner -C "$2"';
    succeed("sh", ["-c", script, "sh", ipk, this.path]);
  }

  addUser({ name, uid }: RouterUser): void {
    appendFileSync(
      join(this.path, "etc/passwd"),
      `${name}:x:${uid}:${uid}:${name}:/var/run/${name}:/bin/false\n`,
    );
    appendFileSync(join(this.path, "etc/group"), `${name}:x:${uid}:\n`);
  }

  /** Runs something in the root as root, writable, and returns what it printed: an installation, a script. */
  run(
    script: string,
    environment: Readonly<Record<string, string>> = {},
  ): { status: number; output: string } {
    const { status, stdout, stderr } = spawnSync("unshare", ["-m", "sh", "-c", this.#inside("", script)], {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...environment },
      encoding: "utf8",
    });
    return { status: status ?? -1, output: `${stdout}${stderr}` };
  }

  /**
   * The command line that runs a program in this root, read-only, as the user. It stays one process: a signal to it is
   * a signal to the program.
   * @param options `writable` are folders of the root; `before` are shell commands from outside, such as entering a
   * control group.
   */
  command(
    program: readonly string[],
    options: {
      readonly user: RouterUser;
      readonly writable: readonly string[];
      readonly environment: Readonly<Record<string, string>>;
      readonly before?: string;
    },
  ): readonly [string, ...string[]] {
    const { user, writable, environment, before } = options;
    const root = this.path;
    const settings = Object.entries(environment).map(([name, value]) => `${name}=${quoted(value)}`);
    const open = writable.map((folder) => `mount --bind ${root}/${folder} ${root}/${folder}`).join(" && ");
    // A bind mount takes the flags of what it is bound to: what stays writable is bound before the rest is locked.
    const readOnly = `mount --bind ${root} ${root} && ${open} && mount -o remount,ro,bind ${root}`;
    const line = `exec chroot --userspec=${user.uid}:${user.uid} ${root} /bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin ${settings.join(" ")} ${program.map(quoted).join(" ")}`;
    const mounts = this.#mounts();
    const script = [before ?? "true", readOnly, mounts, line].join(" && ");
    return ["unshare", "-m", "sh", "-c", script];
  }

  #inside(before: string, script: string): string {
    return `${before === "" ? "" : `${before} && `}${this.#mounts()} && exec chroot ${this.path} /bin/sh -c ${quoted(script)}`;
  }

  #mounts(): string {
    const root = this.path;
    return [
      `mount -t proc proc ${root}/proc`,
      `mount -t tmpfs -o mode=1777 tmpfs ${root}/tmp`,
      `mount -t tmpfs -o mode=755 tmpfs ${root}/dev`,
      ...["null", "zero", "urandom", "random"].map(
        (device) => `touch ${root}/dev/${device} && mount --bind /dev/${device} ${root}/dev/${device}`,
      ),
    ].join(" && ");
  }

  #addBusybox(): void {
    const from = existsSync("/bin/busybox") ? "/bin/busybox" : "/usr/bin/busybox";
    copyFileSync(from, join(this.path, "bin/busybox"));
    chmodSync(join(this.path, "bin/busybox"), 0o755);
    for (const applet of APPLETS) symlinkSync("busybox", join(this.path, "bin", applet));
  }

  /** The Node that runs the tests, with the libraries that it names. */
  #addNode(): void {
    copyFileSync(process.execPath, join(this.path, "usr/bin/node"));
    chmodSync(join(this.path, "usr/bin/node"), 0o755);
    const { stdout } = spawnSync("ldd", [process.execPath], { encoding: "utf8" });
    for (const [library = ""] of stdout.matchAll(/\/\S+/g)) {
      const target = join(this.path, library);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(library, target);
      chmodSync(target, 0o755);
    }
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function succeed(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${error?.message ?? stderr}`);
}
