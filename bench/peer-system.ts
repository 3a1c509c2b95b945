import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installNodeRed, NODE_RED_DIR } from "../scripts/node-red.ts";
import { Child, freePort } from "./child-processes.ts";
import { flowCredentials, flows } from "./peer-flow.ts";
import { actuators, PASSWORD, RULES_ACCOUNT, things } from "./scenario.ts";
import type { System } from "./system.ts";

const NODE_RED = join(NODE_RED_DIR, "node_modules/node-red");
/** Debian keeps daemons where a user's PATH does not look. */
const environment = { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` };

export interface Peer {
  readonly system: System;
  readonly versions: readonly string[];
  /** Folder of the installed Node-RED. */
  readonly installed: string;
}

/**
 * Finds mosquitto, and installs Node-RED at the first use.
 * @returns why there is no peer, where it is not to be had.
 */
export function findPeer(): Peer | string {
  const mosquitto = spawnSync("mosquitto", ["-h"], { env: environment, encoding: "utf8" });
  if (mosquitto.error !== undefined) return "mosquitto is not installed";
  const broker = /^mosquitto version (\S+)/m.exec(mosquitto.stdout)?.[1] ?? "of unknown version";
  const problem = installNodeRed();
  if (problem !== undefined) return problem;
  const { version } = JSON.parse(readFileSync(join(NODE_RED, "package.json"), "utf8")) as { version: string };
  return {
    system: peerSystem(),
    versions: [`mosquitto ${broker}`, `Node-RED ${version}`],
    installed: join(NODE_RED_DIR, "node_modules"),
  };
}

/**
 * Node-RED on a mosquitto, with the same accounts and rights as Tram has.
 * @param measured whether the broker counts as part of it.
 */
export function peerSystem(measured: "both" | "without the broker" = "both"): System {
  return {
    name: measured === "both" ? "Node-RED + mosquitto" : "Node-RED",
    prepare: async (folder, port) => {
      const userFolder = join(folder, "node-red");
      mkdirSync(userFolder, { recursive: true });
      writeBroker(folder, port);
      writeFileSync(join(userFolder, "flows.json"), JSON.stringify(flows(port)));
      writeFileSync(join(userFolder, "flows_cred.json"), JSON.stringify(flowCredentials()));
      writeFileSync(join(userFolder, "settings.cjs"), settings(await freePort()));
    },
    launch: (folder) => {
      const userFolder = join(folder, "node-red");
      const broker = launchMosquitto(folder);
      const nodeRed = new Child(process.execPath, [
        join(NODE_RED, "red.js"),
        "--userDir",
        userFolder,
        "--settings",
        join(userFolder, "settings.cjs"),
      ]);
      return {
        pids: measured === "both" ? [broker.pid, nodeRed.pid] : [nodeRed.pid],
        ready: nodeRed.says(/Connected to broker/),
        output: () => broker.output + nodeRed.output,
        end: async () => {
          await nodeRed.end();
          await broker.end();
        },
      };
    },
  };
}

/** The mosquitto of a folder that `writeBroker` prepared. */
export function launchMosquitto(folder: string): Child {
  return new Child("mosquitto", ["-c", join(folder, "mosquitto.conf")]);
}

export function writeBroker(folder: string, port: number): void {
  const users = [...things, ...actuators, RULES_ACCOUNT];
  const passwords = join(folder, "passwords");
  writeFileSync(passwords, users.map((user) => `${user}:${PASSWORD}\n`).join(""), { mode: 0o600 });
  const hashed = spawnSync("mosquitto_passwd", ["-U", passwords], { env: environment, encoding: "utf8" });
  if (hashed.status !== 0) throw new Error(`mosquitto_passwd: ${hashed.stderr}`);
  const access = join(folder, "access");
  writeFileSync(access, `pattern readwrite homie/5/%u/#\nuser ${RULES_ACCOUNT}\ntopic readwrite #\n`, {
    mode: 0o600,
  });
  writeFileSync(
    join(folder, "mosquitto.conf"),
    `listener ${port} 127.0.0.1
allow_anonymous false
password_file ${passwords}
acl_file ${access}
# As Debian has it: saved every 30 minutes and at the end.
persistence true
persistence_location ${folder}/
set_tcp_nodelay true
${process.getuid?.() === 0 ? "user root\n" : ""}`,
  );
}

/** Without editor and HTTP: only the flows run. */
function settings(port: number): string {
  return `module.exports = ${JSON.stringify({
    flowFile: "flows.json",
    credentialSecret: false,
    httpAdminRoot: false,
    httpNodeRoot: false,
    uiHost: "127.0.0.1",
    uiPort: port,
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: "info", metrics: false, audit: false } },
  })};\n`;
}
