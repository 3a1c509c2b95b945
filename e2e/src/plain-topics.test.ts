import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MappingProposals, ThingView } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { rawCall } from "./http.ts";
import { EYES, messages, mosquittoMissing, publish, subscribe } from "./mosquitto.ts";
import { type GatewayHandle, house, startGateway, temporaryFolder, tram } from "./processes.ts";

const NODE = { username: "node", password: "node-password" };
const ACCOUNTS = `    - { username: node, password: node-password, role: device, topics: [farm] }`;
const RULES = `
- id: cool
  triggers: [{ numeric: { property: farm-room1/air/temperature, above: 35 } }]
  actions: [{ set: pump/pump/on, value: true }]
`;
const PUMP = `
id: pump
title: Pump
availability: { topic: farm/pump/online, online: "1", offline: "0" }
properties:
  pump/on:
    words: { RUN: true, STOP: false }
    read: { topic: farm/pump/state, path: motor.state }
    write: { topic: farm/pump/do, template: '{"motor":"{{ value }}"}', retain: true }
`;

/** A gateway with the CLI at hand, and its state over the socket that the CLI uses, which is sooner there. */
function handle(data: string) {
  const get = async <View>(path: string): Promise<View> =>
    (await rawCall({ socketPath: join(data, "tram.sock") }, "GET", `/api/v1/${path}`)).body as View;
  return {
    get,
    run: (...args: readonly string[]) => tram(args, { TRAM_DATA: data }),
    thing: async (id: string): Promise<ThingView | undefined> =>
      (await get<{ things: ThingView[] }>("things")).things.find(({ thing }) => thing.id === id),
  };
}

const say = (gateway: GatewayHandle, topic: string, payload: string, retain = false): Promise<void> =>
  publish(gateway.mqttPort, NODE, { topic, payload, retain });

describe.skipIf(mosquittoMissing())("plain topics", () => {
  test("heard, proposed, mapped; then a rule reads one and commands another, and it all survives a kill", async () => {
    using folder = temporaryFolder("plain-topics");
    const { config, data } = house(folder.path, { accounts: ACCOUNTS, rules: RULES });
    const { get, run, thing } = handle(data);
    const first = await startGateway(config);
    await using _first = first.process;

    await say(first, "farm/room1/temp", "31");
    await say(first, "farm/room1/hum", "62");
    const heard = await get<MappingProposals>("mappings/proposals");
    expect(heard.proposals.map(({ mapping }) => mapping)).toEqual([
      {
        id: "farm-room1",
        title: "Farm room1",
        properties: {
          "air/humidity": { read: { topic: "farm/room1/hum" } },
          "air/temperature": { read: { topic: "farm/room1/temp" } },
        },
      },
    ]);
    // What is proposed can be taken as it is.
    const file = join(folder.path, "proposed.yaml");
    const yaml = await run("mappings", "propose");
    expect(yaml.stdout).toMatch(/^# farm\/room1\/temp {2}31 {2}\(1×, .*, by node\)$/m);
    writeFileSync(file, yaml.stdout);
    expect(await run("mappings", "add", file)).toMatchObject({
      code: 0,
      stdout: "farm-room1 is farm-room1\n",
    });
    expect(await get("mappings/proposals")).toMatchObject({ proposals: [], topics: [] });
    expect((await thing("farm-room1"))?.properties["air/temperature"]).toMatchObject({
      value: 31,
      quality: "good",
    });
    await say(first, "farm/room1/temp", "31.5");
    expect((await thing("farm-room1"))?.properties["air/temperature"]).toMatchObject({
      value: 31.5,
      quality: "good",
    });
    expect(await thing("farm-room1")).toMatchObject({
      thing: { properties: { "air/temperature": { unit: "°C", type: "number", readOnly: true } } },
      source: "foreign:mapping/farm-room1",
    });

    writeFileSync(file, PUMP);
    expect((await run("mappings", "add", file)).code).toBe(0);
    await say(first, "farm/pump/online", "1", true);
    await say(first, "farm/pump/state", '{"motor":{"state":"STOP"}}');
    expect((await thing("pump"))?.properties["pump/on"]).toMatchObject({ value: false, quality: "good" });
    await using pump = await subscribe(first.mqttPort, NODE, "farm/pump/do");
    await say(first, "farm/room1/temp", "36");
    await pump.until("the command of the rule", () =>
      messages(pump).find(({ payload }) => payload === '{"motor":"RUN"}'),
    );
    const waiting = run("set", "pump", "pump/on", "false", "--wait", "10");
    await pump.until("the command by hand", () =>
      messages(pump).find(({ payload }) => payload === '{"motor":"STOP"}'),
    );
    await say(first, "farm/pump/state", '{"motor":{"state":"STOP"}}');
    expect(await waiting).toMatchObject({ code: 0 });
    // On Homie and to Home Assistant it is a Thing like any other.
    await using eyes = await subscribe(first.mqttPort, EYES, "#");
    await eyes.until("its value", () => messages(eyes).find(({ topic }) => topic === "homie/5/pump/pump/on"));
    await eyes.until("its discovery", () =>
      messages(eyes).find(({ topic }) => topic === "homeassistant/device/pump/config"),
    );
    await first.process.end("SIGKILL");

    const second = await startGateway(config);
    await using _second = second.process;
    expect(await thing("pump")).toMatchObject({ availability: "ready" });
    expect((await thing("farm-room1"))?.properties["air/temperature"]).toMatchObject({
      value: 36,
      quality: "stale",
    });
    await say(second, "farm/room1/temp", "20");
    expect((await thing("farm-room1"))?.properties["air/temperature"]).toMatchObject({
      value: 20,
      quality: "good",
    });
    await say(second, "farm/pump/online", "0", true);
    expect(await thing("pump")).toMatchObject({ availability: "lost" });
    expect(await run("mappings", "show", "pump")).toMatchObject({ code: 0 });
    expect((await run("mappings", "remove", "pump")).code).toBe(0);
    expect((await run("audit", "--action", "mapping-removed")).stdout).toContain("pump");
    expect(await thing("pump")).toBeUndefined();
    await second.process.end("SIGKILL");

    const third = await startGateway(config);
    await using _third = third.process;
    expect(await thing("pump")).toBeUndefined();
    expect(await get("mappings")).toMatchObject({
      mappings: [{ mapping: { id: "farm-room1" }, origin: "api", active: true, problems: [] }],
    });
  });
});
