import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../child-processes.ts";
import { ACCOUNT, ROOT } from "./account.ts";
import { type Contestant, spawnIn } from "./contestant.ts";

/** Debian keeps daemons where a user's PATH does not look. */
const environment = { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` };
const TRY_EVERY_MS = 10;
const GIVE_UP_MS = 30_000;

/** @returns its version, or undefined when it is not installed. */
export function mosquittoVersion(): string | undefined {
  const { error, stdout } = spawnSync("mosquitto", ["-h"], { env: environment, encoding: "utf8" });
  if (error !== undefined) return undefined;
  return /^mosquitto version (\S+)/m.exec(stdout)?.[1] ?? "of unknown version";
}

/** Debian's, with a password file and an access file. @param name as it stands in the table. */
export function mosquitto(name: string): Contestant {
  return {
    name,
    start: async ({ box, folder, keeping }) => {
      const port = await freePort();
      writeFiles(folder, port, keeping !== "memory");
      const child = spawnIn(box, "mosquitto", ["-c", join(folder, "mosquitto.conf")]);
      await listens(port);
      return { child, port };
    },
  };
}

function writeFiles(folder: string, port: number, persistence: boolean): void {
  const { username, password } = ACCOUNT;
  const passwords = join(folder, "passwords");
  writeFileSync(passwords, `${username}:${password}\n`, { mode: 0o600 });
  const hashed = spawnSync("mosquitto_passwd", ["-U", passwords], { env: environment, encoding: "utf8" });
  if (hashed.status !== 0) throw new Error(`mosquitto_passwd: ${hashed.stderr}`);
  const access = join(folder, "access");
  writeFileSync(access, `user ${username}\ntopic readwrite ${ROOT}/#\n`, { mode: 0o600 });
  writeFileSync(
    join(folder, "mosquitto.conf"),
    `listener ${port} 127.0.0.1
allow_anonymous false
password_file ${passwords}
acl_file ${access}
persistence ${persistence}
persistence_location ${folder}/
set_tcp_nodelay true
log_dest stderr
log_type error
connection_messages false
# One that is away is told everything later, however much it is.
max_queued_messages 0
${process.getuid?.() === 0 ? "user root\n" : ""}`,
  );
}

/** Resolves when something listens there. */
async function listens(port: number): Promise<void> {
  const until = performance.now() + GIVE_UP_MS;
  while (!(await answers(port))) {
    if (performance.now() > until) throw new Error(`nothing listens on ${port}`);
    await sleep(TRY_EVERY_MS);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
