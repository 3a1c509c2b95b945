import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { listening, Process } from "./processes.ts";

const PATH = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;

/** Debian's mosquitto, or undefined where it is not installed (then `make test` has said so; in CI it has failed). */
export function mosquittoMissing(): string | false {
  const found = spawnSync("mosquitto", ["-h"], { env: { ...process.env, PATH } });
  if (found.error === undefined) return false;
  if (process.env.CI === "true") throw new Error("mosquitto is missing: run scripts/test-tools.sh");
  return "mosquitto is not installed";
}

/** A real mosquitto on a loopback port: the bridge's peer. */
export async function startMosquitto(
  folder: string,
  port: number,
  lines: readonly string[] = [],
): Promise<Process> {
  const config = join(folder, `mosquitto-${port}.conf`);
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n${lines.map((line) => `${line}\n`).join("")}`,
  );
  const broker = new Process("mosquitto", ["-c", config]);
  await listening(port);
  return broker;
}

export interface Account {
  readonly username: string;
  readonly password: string;
}

export const PROBE: Account = { username: "probe", password: "probe-password" };
export const EYES: Account = { username: "eyes", password: "eyes-password" };

function arguments_(port: number, account: Account | undefined): string[] {
  const credentials = account === undefined ? [] : ["-u", account.username, "-P", account.password];
  return ["-h", "127.0.0.1", "-p", String(port), ...credentials];
}

/** One message with the real mosquitto_pub at QoS 1: resolves when the broker has acknowledged it. */
export async function publish(
  port: number,
  account: Account | undefined,
  message: { topic: string; payload: string; retain?: boolean; qos?: 0 | 1 | 2 },
): Promise<void> {
  const { topic, payload, retain, qos } = message;
  const flags = retain === true ? ["-r"] : [];
  await using pub = new Process("mosquitto_pub", [
    ...arguments_(port, account),
    "-q",
    String(qos ?? 1),
    ...flags,
    "-t",
    topic,
    "-m",
    payload,
  ]);
  const { code } = await pub.exited;
  if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}: ${pub.stderr}`);
}

/** The real mosquitto_sub; its lines are `topic payload`. Resolves when it is subscribed. */
export async function subscribe(
  port: number,
  account: Account | undefined,
  topic: string,
  flags: readonly string[] = [],
): Promise<Process> {
  // Line by line through a pipe, and -d tells when the subscription stands.
  const sub = new Process("stdbuf", [
    "-oL",
    "mosquitto_sub",
    ...arguments_(port, account),
    "-q",
    "1",
    "-v",
    "-d",
    "-t",
    topic,
    ...flags,
  ]);
  await sub.until("the subscription", ({ stdout }) => (/^Subscribed \(mid/m.test(stdout) ? true : undefined));
  return sub;
}

/** Messages that a `subscribe` process has printed, without its debug lines. */
export function messages(sub: Process): { topic: string; payload: string }[] {
  return sub
    .lines()
    .filter((line) => !/^(?:Client |Subscribed |\(null\))/.test(line))
    .map((line) => ({ topic: line.slice(0, line.indexOf(" ")), payload: line.slice(line.indexOf(" ") + 1) }));
}

/** Describes a device over MQTT and says that it is ready. */
export async function describeDevice(
  port: number,
  account: Account,
  id: string,
  nodes: Record<string, Record<string, object>>,
): Promise<void> {
  const description = {
    homie: "5.0",
    version: 1,
    name: id,
    nodes: Object.fromEntries(
      Object.entries(nodes).map(([node, properties]) => [
        node,
        {
          name: node,
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, property]) => [key, { name: key, ...property }]),
          ),
        },
      ]),
    ),
  };
  await publish(port, account, { topic: `homie/5/${id}/$state`, payload: "init", retain: true });
  await publish(port, account, {
    topic: `homie/5/${id}/$description`,
    payload: JSON.stringify(description),
    retain: true,
  });
  await publish(port, account, { topic: `homie/5/${id}/$state`, payload: "ready", retain: true });
}
