import { connect, type MqttClient } from "mqtt";
import { describe, expect, test } from "vitest";
import { EYES, messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

const ACCOUNTS = "    - { username: bridge, password: bridge-password, role: device }";

/** A bridge with a child, over one connection with the will that Homie wants. */
async function openBridge(port: number): Promise<MqttClient> {
  const client = connect({
    host: "127.0.0.1",
    port,
    username: "bridge",
    password: "bridge-password",
    reconnectPeriod: 0,
    will: { topic: "homie/5/bridge/$state", payload: Buffer.from("lost"), qos: 1, retain: true },
  });
  client.on("error", () => undefined);
  await new Promise((resolve) => client.once("connect", resolve));
  const say = (topic: string, payload: string | object): Promise<unknown> =>
    client.publishAsync(`homie/5/${topic}`, typeof payload === "string" ? payload : JSON.stringify(payload), {
      qos: 1,
      retain: true,
    });
  const nodes = {
    door: {
      properties: {
        open: { datatype: "boolean", format: "shut,open" },
        level: { datatype: "integer", format: "0:100:5", settable: true },
        note: { datatype: "string", settable: true },
        glow: { datatype: "color", format: "hsv", settable: true },
        plan: {
          datatype: "json",
          format:
            '{"type":"array","items":{"type":"object","required":["at"],"properties":{"at":{"type":"string","maxLength":5}}}}',
          settable: true,
        },
      },
    },
  };
  await say("bridge/$state", "init");
  await say("bridge-door/$state", "init");
  await say("bridge-door/$description", { homie: "5.0", version: 1, name: "Door", root: "bridge", nodes });
  await say("bridge-door/$state", "ready");
  await say("bridge/$description", { homie: "5.0", version: 1, name: "Bridge", children: ["bridge-door"] });
  await say("bridge/$state", "ready");
  return client;
}

interface ThingJson {
  availability: string;
  thing: { parent?: string; properties: Record<string, object> };
  properties: Record<string, { value: unknown; quality: string; target?: unknown; problem?: string }>;
  alerts?: { id: string; text: string }[];
}

describe.skipIf(mosquittoMissing())("devices on Homie 5", () => {
  test("children are lost with the root by its will, and there again with it", async () => {
    using folder = temporaryFolder("homie");
    const { config, data } = house(folder.path, { accounts: ACCOUNTS });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const thing = async (id: string): Promise<ThingJson> =>
      JSON.parse((await tram(["things", id, "--json"], { TRAM_DATA: data })).stdout);
    await using eyes = await subscribe(gateway.mqttPort, EYES, "homie/5/bridge/$state");
    const bridge = await openBridge(gateway.mqttPort);
    await bridge.publishAsync("homie/5/bridge-door/door/open", "true", { qos: 1, retain: true });
    const door = await thing("bridge-door");
    expect(door).toMatchObject({
      availability: "ready",
      thing: { parent: "bridge", properties: { "door/open": { labels: ["shut", "open"] } } },
    });
    expect((await tram(["get", "bridge-door", "open"], { TRAM_DATA: data })).stdout).toBe("open\n");

    bridge.stream.destroy();
    await eyes.until("the will", () => (messages(eyes).at(-1)?.payload === "lost" ? true : undefined));
    expect(await thing("bridge-door")).toMatchObject({
      availability: "lost",
      properties: { "door/open": { value: true, quality: "stale" } },
    });

    const again = await openBridge(gateway.mqttPort);
    expect(await thing("bridge-door")).toMatchObject({
      availability: "ready",
      properties: { "door/open": { quality: "good" } },
    });
    await again.endAsync();
  });

  test("alerts, log lines, targets and every datatype arrive; a broadcast reaches the device", async () => {
    using folder = temporaryFolder("homie");
    const { config, data } = house(folder.path, { accounts: ACCOUNTS });
    const environment = { TRAM_DATA: data };
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const thing = async (): Promise<ThingJson> =>
      JSON.parse((await tram(["things", "bridge-door", "--json"], environment)).stdout);
    const bridge = await openBridge(gateway.mqttPort);
    const say = (topic: string, payload: string | Buffer, retain = true): Promise<unknown> =>
      bridge.publishAsync(`homie/5/bridge-door/${topic}`, payload, { qos: 1, retain });
    await bridge.subscribeAsync(["homie/5/bridge-door/+/+/set", "homie/5/$broadcast/#"], { qos: 1 });
    const received: string[] = [];
    let wake: () => void = () => undefined;
    bridge.on("message", (topic, payload, packet) => {
      received.push(`${topic} ${JSON.stringify(payload.toString())}${packet.retain ? " retained" : ""}`);
      wake();
    });
    const until = async (line: string): Promise<void> => {
      while (!received.includes(line)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };

    await say("$alert/battery", "Battery is low, at 8%");
    await say("$log/warn", "motor is hot", false);
    await say("door/level", "18");
    await say("door/level/$target", "80");
    await say("door/note", Buffer.from([0]));
    await say("door/glow", "rgb,1,2,3");
    await say("door/plan", '[{"at":"07:30"},{"at":"too late"}]');
    const seen = await thing();
    expect(seen.alerts).toMatchObject([{ id: "battery", text: "Battery is low, at 8%" }]);
    expect(seen.properties["door/level"]).toMatchObject({ value: 20, target: 80, quality: "good" });
    expect(seen.properties["door/note"]).toMatchObject({ value: "", quality: "good" });
    expect(seen.properties["door/glow"]?.problem).toBe('expected a colour as hsv, found "rgb,1,2,3"');
    expect(seen.properties["door/plan"]?.problem).toBe(
      '[1].at: expected at most 5 characters, found "too late"',
    );
    const log = await tram(["log", "bridge-door", "--json"], environment);
    expect(JSON.parse(log.stdout)).toMatchObject({ lines: [{ level: "warn", text: "motor is hot" }] });
    expect((await tram(["log", "nobody"], environment)).code).toBe(1);

    // What the gateway sends is Homie's way to write it.
    expect((await tram(["set", "bridge-door", "note", ""], environment)).code).toBe(0);
    await until('homie/5/bridge-door/door/note/set "\\u0000"');
    expect((await tram(["set", "bridge-door", "plan", '[{"at":"06:00"}]'], environment)).code).toBe(0);
    await until('homie/5/bridge-door/door/plan/set "[{\\"at\\":\\"06:00\\"}]"');
    const refused = await tram(["set", "bridge-door", "plan", "[{}]"], environment);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("[0].at is missing")]);

    expect((await tram(["broadcast", "security/alert", "Intruder"], environment)).code).toBe(0);
    await until('homie/5/$broadcast/security/alert "Intruder"');
    const wrong = await tram(["broadcast", "Security", "x"], environment);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("expected ids of a-z")]);
    await publish(gateway.mqttPort, PROBE, { topic: "homie/5/$broadcast/test", payload: "hello" });
    await until('homie/5/$broadcast/test "hello"');
    await expect(
      publish(gateway.mqttPort, EYES, { topic: "homie/5/$broadcast/test", payload: "no" }),
    ).rejects.toThrow();

    await say("$alert/battery", "");
    expect((await thing()).alerts).toBeUndefined();
    await bridge.endAsync();
  });

  test("alerts and who sleeps are known after a kill; the gateway raises its own problems", async () => {
    using folder = temporaryFolder("homie");
    const { config, data } = house(folder.path, { accounts: `${ACCOUNTS}\n  anonymous: true` });
    const first = await startGateway(config);
    await using _first = first.process;
    const bridge = await openBridge(first.mqttPort);
    bridge.on("close", () => undefined);
    await bridge.publishAsync("homie/5/bridge-door/$alert/battery", "low", { qos: 1, retain: true });
    await bridge.publishAsync("homie/5/bridge/$state", "sleeping", { qos: 1, retain: true });
    await first.process.end("SIGKILL");
    const second = await startGateway(config);
    await using _second = second.process;
    const shown = JSON.parse((await tram(["things", "--json"], { TRAM_DATA: data })).stdout) as {
      things: ThingJson[];
    };
    expect(shown.things.map(({ availability }) => availability).sort()).toEqual(["sleeping", "unknown"]);
    expect(shown.things.flatMap(({ alerts }) => alerts ?? [])).toMatchObject([
      { id: "battery", text: "low" },
    ]);
    await using eyes = await subscribe(second.mqttPort, EYES, "homie/5/house/$alert/#");
    await eyes.until("the gateway's own alert", () => (messages(eyes).length > 0 ? true : undefined));
    // Nobody else raises one for it: it is not retained either.
    await publish(second.mqttPort, PROBE, { topic: "homie/5/house/$alert/fake", payload: "x", retain: true });
    await using later = await subscribe(second.mqttPort, EYES, "homie/5/house/$alert/#");
    await later.until("what is retained", () => (messages(later).length > 0 ? true : undefined));
    for (const listener of [eyes, later]) {
      expect(messages(listener)).toEqual([
        {
          topic: "homie/5/house/$alert/anonymous-mqtt-anonymous",
          payload: "mqtt.anonymous: everybody on the network may read and write everything",
        },
      ]);
    }
  });
});
