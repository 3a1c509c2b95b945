import type { MqttClient } from "mqtt";
import { describe, expect, test } from "vitest";
import { type Credential, claim, closed, comeUp, enter } from "./claiming-device.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

const PROBE = { username: "probe", password: "probe-password" };
const SIM = "modules: [{ id: greenhouse, use: sim, config: { seed: 1 } }]";

/** Topics of another device, of the gateway and its modules, of the broker, and of where devices pair. */
const TOPICS = [
  "homie/5/other/relay/on",
  "homie/5/other/relay/on/set",
  "homie/5/other/$state",
  "homie/5/other/$description",
  "homie/5/thief-2/relay/on/set",
  "homie/5/house/$state",
  "homie/5/greenhouse-fan/fan/on/set",
  "homie/5/greenhouse-fan/fan/on",
  "homie/5/$broadcast/alert",
  "tram/1/other/firmware",
  "tram/1/pair/request",
  "tram/1/pair/reply",
  "homeassistant/device/other/config",
  "cmnd/plug/POWER",
  "$SYS/broker/load",
  "anything",
];

const FILTERS = [
  ...TOPICS.filter((topic) => !topic.startsWith("homie/5/$broadcast")),
  "#",
  "+/#",
  "homie/#",
  "homie/5/#",
  "homie/5/+/+/+/set",
  "homie/5/+/relay/on",
  "homie/5/other/#",
  "homie/5/greenhouse-fan/#",
  "tram/#",
  "tram/1/pair/#",
  "$SYS/#",
  "$share/all/homie/5/other/#",
  "$share/all/#",
];

describe.each(["tram", "aedes"])("with the engine %s a device with a valid credential", (engine) => {
  test("publishes, retains, subscribes and leaves a will in vain where it has no business", async () => {
    using folder = temporaryFolder("foreign");
    const { config, data } = house(folder.path, { extra: SIM, accounts: `  engine: ${engine}` });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const { mqttPort: port } = gateway;
    const opened = await tram(["pair", "--uses", "3", "--json"], { TRAM_DATA: data });
    const { code } = JSON.parse(opened.stdout) as { code: string };
    const [thief, other, second] = await Promise.all(
      ["thief", "other", "thief-2"].map(async (id) => {
        const reply = await claim(port, code, { id, kind: "test" });
        expect(reply).toMatchObject({ id });
        return reply as Credential;
      }),
    );
    if (thief === undefined || other === undefined || second === undefined) throw new Error("no credential");
    const living = [await comeUp(port, other), await comeUp(port, second)];

    const seen: string[] = [];
    const watcher = await enter(port, PROBE);
    watcher.on("message", (topic, payload) => seen.push(`${topic} ${payload.toString()}`));
    await watcher.subscribeAsync(["#", "$SYS/#"], { qos: 1 });

    for (const topic of TOPICS) {
      for (const retain of [false, true]) {
        const client = await enter(port, thief);
        const gone = closed(client, `a client that publishes to ${topic}`);
        client.publish(topic, "stolen", { qos: 1, retain });
        await gone;
      }
      const will = { topic, payload: Buffer.from("stolen will"), qos: 1 as const, retain: true };
      const dying = await enter(port, thief, { will }).catch((error: Error) => error);
      if (dying instanceof Error) {
        // An engine may refuse the will at once, and the connection with it.
        expect(dying.message).toMatch(/not authorized/i);
        continue;
      }
      const gone = closed(dying);
      dying.stream.destroy();
      await gone;
    }

    const listener = await enter(port, thief);
    const heard: string[] = [];
    listener.on("message", (topic) => heard.push(topic));
    for (const filter of FILTERS) expect(await refused(listener, filter), filter).toBe(true);
    expect(await refused(listener, "homie/5/thief/#")).toBe(false);

    // MQTT ends a connection when another one comes with its client id, and hands the session over: not to a stranger.
    const [neighbour] = living;
    const namesake = await enter(port, thief, { clientId: "other", clean: false });
    await namesake.publishAsync("homie/5/thief/x/y", "1", { qos: 1 });
    expect(neighbour?.connected).toBe(true);
    const keeper = await enter(port, PROBE, { clientId: "keeper", clean: false });
    await keeper.subscribeAsync("secret/#", { qos: 1 });
    await keeper.endAsync();
    await watcher.publishAsync("secret/plan", "for the keeper", { qos: 1 });
    const burglar = await enter(port, thief, { clientId: "keeper", clean: false });
    burglar.on("message", (topic) => heard.push(topic));

    // What goes on in the house meanwhile is heard by those who may, and not by the thief.
    const fan = await tram(["set", "greenhouse-fan", "speed", "45", "--wait", "10"], { TRAM_DATA: data });
    expect(fan.code).toBe(0);
    expect((await tram(["set", "other", "on", "true", "--wait", "10"], { TRAM_DATA: data })).code).toBe(0);
    await watcher.publishAsync("homie/5/thief/x/y/set", "for the thief", { qos: 1 });
    await expect.poll(() => heard).toContain("homie/5/thief/x/y/set");
    expect(heard.filter((topic) => !topic.startsWith("homie/5/thief/"))).toEqual([]);
    await expect.poll(() => seen).toContain("homie/5/other/relay/on true");
    expect(seen.filter((line) => line.includes("stolen"))).toEqual([]);

    const late = await enter(port, PROBE);
    const retained: string[] = [];
    late.on("message", (topic, payload) => retained.push(`${topic} ${payload.toString()}`));
    await late.subscribeAsync("#", { qos: 1 });
    await expect.poll(() => retained).toContain("homie/5/other/relay/on true");
    expect(retained.filter((line) => line.includes("stolen"))).toEqual([]);

    const audited = JSON.parse(
      (await tram(["audit", "--limit", "5000", "--json"], { TRAM_DATA: data })).stdout,
    ) as {
      entries: { action: string; subject: string; by: string }[];
    };
    const denied = audited.entries.filter(({ by }) => by === "thief");
    expect(denied).toContainEqual(
      expect.objectContaining({ action: "publish-denied", subject: "homie/5/other/relay/on" }),
    );
    for (const client of [...living, namesake, burglar, watcher, listener, late]) await client.endAsync();
  });
});

test("with MQTT 5 neither an alias nor a shared subscription gets further", async () => {
  using folder = temporaryFolder("foreign-5");
  const { config, data } = house(folder.path);
  const gateway = await startGateway(config);
  await using _process = gateway.process;
  const { mqttPort: port } = gateway;
  const opened = await tram(["pair", "--json"], { TRAM_DATA: data });
  const thief = await claim(port, (JSON.parse(opened.stdout) as { code: string }).code, {
    id: "thief",
    kind: "test",
  });
  if ("error" in thief) throw new Error(thief.detail);
  const five = { protocolVersion: 5 as const, properties: { topicAliasMaximum: 10 } };
  const seen: string[] = [];
  const watcher = await enter(port, PROBE, five);
  watcher.on("message", (topic, payload) => seen.push(`${topic} ${payload.toString()}`));
  await watcher.subscribeAsync("#", { qos: 1 });

  const client = await enter(port, thief, five);
  const steal = (topic: string, topicAlias?: number) =>
    client
      .publishAsync(topic, "stolen", {
        qos: 1,
        ...(topicAlias === undefined ? {} : { properties: { topicAlias } }),
      })
      .catch((error: unknown) => error);
  expect(await steal("homie/5/other/relay/on/set", 1)).toMatchObject({ code: 0x87 });
  expect(await steal("", 1), "the alias of a topic that was refused").toMatchObject({ code: 0x87 });
  expect(await steal("$SYS/broker/load")).toMatchObject({ code: 0x87 });
  expect(await steal("$share/all/homie/5/other/relay/on/set")).toMatchObject({ code: 0x87 });
  expect(await steal("tram/1/pair/request")).toMatchObject({ code: 0x87 });
  // Nobody is called thief-2 in this house: it would be a child of its own.
  for (const filter of FILTERS.filter((text) => !text.includes("thief-2"))) {
    expect(await refused(client, filter), filter).toBe(true);
  }
  expect(await refused(client, "$share/all/homie/5/thief/#")).toBe(false);
  await client.publishAsync("homie/5/thief/x/y", "own", { qos: 1, properties: { topicAlias: 2 } });
  await expect.poll(() => seen).toContain("homie/5/thief/x/y own");
  expect(seen.filter((line) => line.includes("stolen"))).toEqual([]);
  for (const each of [client, watcher]) await each.endAsync();
});

/** Whether the broker answers a subscription with a refusal (3.1.1 §3.9.3: 0x80). */
async function refused(client: MqttClient, filter: string): Promise<boolean> {
  try {
    const granted = await client.subscribeAsync(filter, { qos: 1 });
    return granted.every(({ qos }) => qos > 2);
  } catch {
    return true;
  }
}
