import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RouterBox } from "../testkit/src/router-box.ts";
import { Child } from "./child-processes.ts";
import { actuatorOf, actuators, PASSWORD, RULES_ACCOUNT, THRESHOLD, things } from "./scenario.ts";
import type { System } from "./system.ts";

/**
 * Tram from its bundle. `program` is the launcher, `flags` are options of Node.
 * @param box a control group that it runs in.
 */
export function tramSystem(program: string, flags: readonly string[] = [], box?: RouterBox): System {
  // The shell becomes the program: one process, with one pid.
  const enter = box === undefined ? [] : ["sh", "-c", `${box.enter} && exec "$@"`, "sh"];
  return {
    name: box === undefined ? "Tram" : "Tram in the box",
    prepare: async (folder, port) => {
      mkdirSync(join(folder, "rules"), { recursive: true });
      writeFileSync(join(folder, "tram.yaml"), config(port));
      writeFileSync(join(folder, "rules/thresholds.yaml"), things.map(rulesOf).join(""));
    },
    launch: (folder) => {
      const run = [program, "run", "--config", join(folder, "tram.yaml"), "--json"];
      const [command = "", ...args] = [...enter, process.execPath, ...flags, ...run];
      const gateway = new Child(command, args);
      return {
        pids: [gateway.pid],
        ready: gateway.says(/^\{"web".*\}$/m),
        output: () => gateway.output,
        end: () => gateway.end(),
      };
    },
  };
}

/** Tram as a client of a mosquitto, which every message passes: its rules beside those of Node-RED. */
export function tramOnMosquitto(program: string, mosquitto: Mosquitto): System {
  const own = tramSystem(program);
  return {
    name: "Tram",
    prepare: async (folder, port) => {
      await own.prepare(folder, port);
      mosquitto.prepare(folder, port);
      writeFileSync(join(folder, "tram.yaml"), externalConfig(port));
    },
    launch: (folder) => {
      const broker = mosquitto.launch(folder);
      const tram = own.launch(folder);
      return {
        pids: tram.pids,
        ready: tram.ready,
        output: () => broker.output + tram.output(),
        end: async () => {
          await tram.end();
          await broker.end();
        },
      };
    },
  };
}

/** How a mosquitto is had. */
export interface Mosquitto {
  prepare(folder: string, port: number): void;
  launch(folder: string): Child;
}

function externalConfig(port: number): string {
  return `gateway: { id: bench, clock: trusted, timezone: UTC }
data: data
mqtt:
  engine: external
  external: { url: "mqtt://127.0.0.1:${port}", username: ${RULES_ACCOUNT}, password: ${PASSWORD} }
http: { host: 127.0.0.1, port: 0 }
rules: { dir: rules }
log: { level: warn }
`;
}

function config(port: number): string {
  const accounts = [...things, ...actuators].map(
    (device) => `    - { username: ${device}, password: ${PASSWORD}, role: device }\n`,
  );
  return `gateway: { id: bench, clock: trusted, timezone: UTC }
data: data
mqtt:
  host: 127.0.0.1
  port: ${port}
  clients:
${accounts.join("")}http: { host: 127.0.0.1, port: 0 }
rules: { dir: rules }
log: { level: warn }
`;
}

function rulesOf(thing: string, index: number): string {
  const property = `${thing}/air/temperature`;
  const relay = `${actuators[actuatorOf(index)]}/relay/on`;
  return `
- id: ${thing}-above
  triggers: [{ numeric: { property: ${property}, above: ${THRESHOLD} } }]
  actions: [{ set: ${relay}, value: true }]
- id: ${thing}-below
  triggers: [{ numeric: { property: ${property}, below: ${THRESHOLD} } }]
  actions: [{ set: ${relay}, value: false }]
`;
}
