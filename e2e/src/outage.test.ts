import { connect } from "mqtt";
import { describe, expect, test } from "vitest";
import { Forwarder } from "./forwarder.ts";
import {
  describeDevice,
  messages,
  mosquittoMissing,
  PROBE,
  publish,
  startMosquitto,
  subscribe,
} from "./mosquitto.ts";
import { freePort, type GatewayHandle, house, startGateway, temporaryFolder, tram } from "./processes.ts";

const READINGS = 500;
const THINGS = ["north", "south"];

const RULES = `
- id: each-hundredth
  triggers:
    - { numeric: { property: north/air/temperature, above: 1000 } }
  actions:
    - { set: fan/fan/on, value: true }
`;

interface CloudMessage {
  readonly id: string;
  readonly time: string;
  readonly value: number;
  readonly quality: string;
}

/** Publishes readings of both Things as a device does, waiting for each acknowledgement; returns the values it was acknowledged. */
async function report(port: number, from: number, to: number): Promise<Map<string, number[]>> {
  const acknowledged = new Map<string, number[]>(THINGS.map((id) => [id, []]));
  const client = connect({
    host: "127.0.0.1",
    port,
    ...PROBE,
    reconnectPeriod: 0,
    clientId: `reporter-${from}`,
  });
  await new Promise((resolve, reject) => client.once("connect", resolve).once("error", reject));
  for (let index = from; index < to; index++) {
    const id = THINGS[index % THINGS.length] ?? "north";
    await client.publishAsync(`homie/5/${id}/air/temperature`, String(index), { qos: 1, retain: true });
    acknowledged.get(id)?.push(index);
  }
  await client.endAsync();
  return acknowledged;
}

async function prepare(port: number): Promise<void> {
  for (const id of THINGS)
    await describeDevice(port, PROBE, id, { air: { temperature: { datatype: "float" } } });
  await describeDevice(port, PROBE, "fan", { fan: { on: { datatype: "boolean", settable: true } } });
}

function received(sub: Parameters<typeof messages>[0]): Map<string, CloudMessage[]> {
  const byThing = new Map<string, CloudMessage[]>(THINGS.map((id) => [id, []]));
  for (const { topic, payload } of messages(sub)) {
    const [, , thing, node, property, ...rest] = topic.split("/");
    if (rest.length > 0 || node !== "air" || property !== "temperature") continue;
    byThing.get(thing ?? "")?.push(JSON.parse(payload) as CloudMessage);
  }
  return byThing;
}

/** Duplicates (the same id again) are allowed; what remains must be everything, in order. */
function firsts(list: readonly CloudMessage[]): CloudMessage[] {
  const seen = new Set<string>();
  return list.filter(({ id }) => !seen.has(id) && seen.add(id));
}

function expectAll(got: Map<string, CloudMessage[]>, wanted: Map<string, number[]>): void {
  for (const [thing, values] of wanted) {
    expect(firsts(got.get(thing) ?? []).map(({ value }) => value)).toEqual(values);
  }
}

function merge(...parts: Map<string, number[]>[]): Map<string, number[]> {
  return new Map(THINGS.map((id) => [id, parts.flatMap((part) => part.get(id) ?? [])]));
}

describe.skipIf(mosquittoMissing())("the bridge through an outage of its peer", () => {
  test("500 readings and 3 commands while the peer is away: all arrive, in order per Thing, with source times", async () => {
    using folder = temporaryFolder("outage");
    const peerPort = await freePort();
    await using door = new Forwarder(await freePort(), peerPort);
    const extra = `cloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:${door.port}" }]`;
    const { config, data } = house(folder.path, { rules: RULES, extra });
    const peer = await startMosquitto(folder.path, peerPort);
    await door.open();
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await prepare(gateway.mqttPort);
    await until(gateway, data, ({ state, queued }) => state === "online" && queued === 0);

    await peer.end("SIGKILL");
    await door.close();
    await until(gateway, data, ({ state }) => state !== "online");
    await using actuator = await subscribe(gateway.mqttPort, PROBE, "homie/5/fan/fan/on/set");
    const startedAt = Date.now();
    const sent = await report(gateway.mqttPort, 0, READINGS);
    const endedAt = Date.now();
    for (const value of ["true", "false", "true"]) {
      const set = await tram(["set", "fan", "on", value], { TRAM_DATA: data });
      expect(set.stderr).toBe("");
    }
    // Rules keep firing while the cloud is away.
    await publish(gateway.mqttPort, PROBE, {
      topic: "homie/5/north/air/temperature",
      payload: "1500",
      retain: true,
    });
    sent.get("north")?.push(1500);
    await actuator.until("the rule's command", () => (messages(actuator).length >= 4 ? true : undefined));
    const away = await status(data);
    expect(away.queued).toBeGreaterThanOrEqual(READINGS + 1);

    await using _peer = await startMosquitto(folder.path, peerPort);
    await using cloud = await subscribe(peerPort, undefined, "tram/#");
    await door.open();
    await cloud.until(
      "every reading",
      () => ([...received(cloud).values()].flatMap(firsts).length >= READINGS + 1 ? true : undefined),
      60_000,
    );
    const got = received(cloud);
    expectAll(got, sent);
    for (const message of [...got.values()].flat()) {
      expect(message.quality).toBe("good");
      if (message.value === 1500) continue;
      // The time is the source's, from the outage, not that of the delivery.
      expect(Date.parse(message.time)).toBeGreaterThanOrEqual(startedAt);
      expect(Date.parse(message.time)).toBeLessThanOrEqual(endedAt);
    }
    const commands = messages(cloud).filter(({ topic }) => topic.includes("/fan/"));
    expect(commands.length).toBeGreaterThanOrEqual(3);
    await until(gateway, data, ({ state, queued }) => state === "online" && queued === 0);
  });

  test("kill -9 during the outage loses nothing that was acknowledged", async () => {
    using folder = temporaryFolder("outage");
    const peerPort = await freePort();
    await using door = new Forwarder(await freePort(), peerPort);
    const extra = `cloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:${door.port}" }]`;
    const { config } = house(folder.path, { extra });
    let gateway = await startGateway(config);
    await prepare(gateway.mqttPort);
    let sent = await report(gateway.mqttPort, 0, 200);
    await gateway.process.end("SIGKILL");

    gateway = await startGateway(config);
    sent = merge(sent, await report(gateway.mqttPort, 200, 300));
    await gateway.process.end("SIGKILL");

    gateway = await startGateway(config);
    await using _process = gateway.process;
    await using _peer = await startMosquitto(folder.path, peerPort);
    await using cloud = await subscribe(peerPort, undefined, "tram/#");
    await door.open();
    await cloud.until(
      "every acknowledged reading",
      () => ([...received(cloud).values()].flatMap(firsts).length >= 300 ? true : undefined),
      60_000,
    );
    expectAll(received(cloud), sent);
  });

  test("the last value of a burst survives kill -9 while its rate holds it back", async () => {
    using folder = temporaryFolder("outage");
    const peerPort = await freePort();
    await using _peer = await startMosquitto(folder.path, peerPort);
    await using cloud = await subscribe(peerPort, undefined, "tram/#");
    const extra = `cloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:${peerPort}", rate_s: 86400 }]`;
    const { config, data } = house(folder.path, { extra });
    let gateway = await startGateway(config);
    await prepare(gateway.mqttPort);
    await until(gateway, data, ({ state }) => state === "online");
    for (const payload of ["20", "21", "25", "23"]) {
      // Not retained: after the start nobody says it again.
      await publish(gateway.mqttPort, PROBE, { topic: "homie/5/north/air/temperature", payload });
    }
    const values = (): readonly number[] =>
      firsts(received(cloud).get("north") ?? []).map(({ value }) => value);
    await cloud.until("the first value", () => (values().length > 0 ? true : undefined));
    await gateway.process.end("SIGKILL");

    gateway = await startGateway(config);
    await using _process = gateway.process;
    await cloud.until("the last value", () => (values().includes(23) ? true : undefined));
    expect(values()).toEqual([20, 23]);
  });
});

interface BridgeStatus {
  readonly state: string;
  readonly queued: number;
}

async function status(data: string): Promise<BridgeStatus> {
  const { stdout, stderr } = await tram(["bridge", "status", "--json"], { TRAM_DATA: data });
  const [bridge] = (JSON.parse(stdout || "{}") as { bridges?: BridgeStatus[] }).bridges ?? [];
  if (bridge === undefined) throw new Error(`no bridge: ${stdout} ${stderr}`);
  return bridge;
}

/** Asks the CLI until the bridge is as wanted, as a person would. */
async function until(
  gateway: GatewayHandle,
  data: string,
  wanted: (bridge: BridgeStatus) => boolean,
): Promise<void> {
  const end = performance.now() + 45_000;
  let last: BridgeStatus | undefined;
  while (performance.now() < end) {
    last = await status(data);
    if (wanted(last)) return;
  }
  throw new Error(`the bridge stayed ${JSON.stringify(last)}\n${gateway.process.stderr.slice(-2_000)}`);
}
