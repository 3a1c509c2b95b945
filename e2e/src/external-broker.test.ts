import { describe, expect, test } from "vitest";
import { call, setUp } from "./http.ts";
import {
  describeDevice,
  messages,
  mosquittoMissing,
  publish,
  startMosquitto,
  subscribe,
} from "./mosquitto.ts";
import { freePort, house, startGateway, temporaryFolder } from "./processes.ts";

const NOBODY = { username: "device", password: "unchecked" };
const SET = "homie/5/fan/fan/on/set";
const RULES = `
- id: cool
  triggers:
    - { id: hot, numeric: { property: sensor/air/temperature, above: 30 } }
  actions:
    - { set: fan/fan/on, value: true }
`;
const SIM = "modules: [{ id: greenhouse, use: sim, config: { seed: 1 } }]";

/** Of the answer to `/api/v1/things`. */
function idsOf(body: unknown): string[] {
  return (body as { things: { thing: { id: string } }[] }).things.map(({ thing }) => thing.id).toSorted();
}

describe.skipIf(mosquittoMissing())("a gateway with mosquitto as its broker", () => {
  test("a device reports, a rule decides, a device acts; restarts of either change nothing", async () => {
    using folder = temporaryFolder("external");
    const port = await freePort();
    const external = `  engine: external\n  external: { url: "mqtt://127.0.0.1:${port}" }`;
    const { config } = house(folder.path, { rules: RULES, accounts: external });
    const first = await startGateway(config);
    await using _first = first.process;
    const caller = await setUp(first);
    const problems = async (gateway: typeof first): Promise<unknown> => {
      const { body } = await call(gateway, "GET", "/api/v1/gateway", caller);
      return (body as { problems: { code: string }[] }).problems.map(({ code }) => code);
    };
    // The broker comes after the gateway.
    await expect.poll(() => problems(first)).toEqual(["broker"]);
    await using mosquitto = await startMosquitto(folder.path, port);
    await expect.poll(() => problems(first)).toEqual([]);
    await using eyes = await subscribe(port, undefined, "homie/5/house/#");
    await eyes.until("the root device", () => messages(eyes).find(({ payload }) => payload === "ready"));

    await using actuator = await subscribe(port, undefined, SET);
    await describeDevice(port, NOBODY, "sensor", { air: { temperature: { datatype: "float" } } });
    await describeDevice(port, NOBODY, "fan", { fan: { on: { datatype: "boolean", settable: true } } });
    const report = (celsius: string): Promise<void> =>
      publish(port, NOBODY, { topic: "homie/5/sensor/air/temperature", payload: celsius, retain: true });
    await report("29");
    await report("31");
    await actuator.until("the command", () => messages(actuator)[0]);
    expect(messages(actuator)).toEqual([{ topic: SET, payload: "true" }]);

    // Confirmed: nothing of it is sent again.
    await publish(port, NOBODY, { topic: "homie/5/fan/fan/on", payload: "true", retain: true });
    const property = async (): Promise<string> => {
      const { body } = await call(first, "GET", "/api/v1/things/fan/properties/fan/on", caller);
      return JSON.stringify(body);
    };
    await expect.poll(property).toContain("true");

    // The gateway is killed; what is said meanwhile waits at the broker.
    await first.process.end("SIGKILL");
    await eyes.until("the will", () => messages(eyes).find(({ payload }) => payload === "lost"));
    await report("28");
    await report("32");
    const second = await startGateway(config);
    await using _second = second.process;
    await actuator.until("the second command", () => messages(actuator)[1]);
    const { body } = await call(second, "GET", "/api/v1/things", caller);
    expect(idsOf(body)).toEqual(["fan", "sensor"]);

    expect(messages(actuator).map(({ payload }) => payload)).toEqual(["true", "true"]);

    // The broker is killed and has nothing written down: the gateway's own retained messages come back.
    await mosquitto.end("SIGKILL");
    await expect.poll(() => problems(second)).toEqual(["broker"]);
    await using _mosquitto = await startMosquitto(folder.path, port);
    await using again = await subscribe(port, undefined, "homie/5/#");
    await again.until("the root device", () =>
      messages(again).find(({ topic, payload }) => topic === "homie/5/house/$state" && payload === "ready"),
    );
    await expect.poll(() => problems(second)).toEqual([]);
    await using listener = await subscribe(port, undefined, SET);
    await report("20");
    await report("33");
    await listener.until("the third command", () => messages(listener)[0]);

    // And it says goodbye.
    await second.process.end();
    await again.until("the goodbye", () => messages(again).find(({ payload }) => payload === "disconnected"));
  });

  test("Things of modules are on the broker and take commands from it; there is no door of our own", async () => {
    using folder = temporaryFolder("external");
    const port = await freePort();
    await using _mosquitto = await startMosquitto(folder.path, port);
    const external = `  engine: external\n  external: { url: "mqtt://127.0.0.1:${port}" }`;
    const { config } = house(folder.path, { accounts: external, extra: SIM });
    const fan = "homie/5/greenhouse-fan/fan";
    const first = await startGateway(config);
    await using _first = first.process;
    await using eyes = await subscribe(port, undefined, "homie/5/#");
    const seen = (topic: string): string | undefined =>
      messages(eyes).findLast((message) => message.topic === topic)?.payload;
    await eyes.until("the fan", () => seen(`${fan}/on`));
    await publish(port, undefined, { topic: `${fan}/on/set`, payload: "true" });
    await eyes.until("the fan on", () => (seen(`${fan}/on`) === "true" ? true : undefined));
    const door = new WebSocket(`${first.web.replace("http", "ws")}mqtt`, "mqtt");
    const answer = await new Promise((resolve) => {
      door.addEventListener("open", () => resolve("open"));
      door.addEventListener("error", () => resolve("turned away"));
    });
    expect(answer).toBe("turned away");
    const caller = await setUp(first);
    const things = await call(first, "GET", "/api/v1/things", caller);
    await first.process.end("SIGKILL");
    // What it has left on the broker does not become other Things.
    const second = await startGateway(config);
    await using _second = second.process;
    await eyes.until("ready again", () => (seen("homie/5/house/$state") === "ready" ? true : undefined));
    await publish(port, undefined, { topic: `${fan}/speed/set`, payload: "40" });
    await eyes.until("the speed", () => (seen(`${fan}/speed`) === "40" ? true : undefined));
    expect(idsOf((await call(second, "GET", "/api/v1/things", caller)).body)).toEqual(idsOf(things.body));
    expect(second.process.stderr).not.toMatch(/speaks for a Thing of a module|a command was refused/);
  });
});
