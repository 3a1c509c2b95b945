import { describe, expect, test } from "vitest";
import { call, setUp } from "./http.ts";
import { type GatewayHandle, house, startGateway, temporaryFolder } from "./processes.ts";
import { type ConsumedThing, WotConsumer } from "./wot-consumer.ts";

const SIM = "modules: [{ id: greenhouse, use: sim, config: { seed: 1, stepMs: 200 } }]";
/** What a module in a process of its own emits crosses the wire first. */
const IN_A_CHILD = SIM.replace("use: sim", "use: sim, isolation: child-process");
type ThingDescription = Parameters<WotConsumer["consume"]>[0];
type Form = { href: string; op: string[]; subprotocol?: string; security?: string[] };

/** A token that a person hands to a program. */
async function tokenOf(
  gateway: GatewayHandle,
  scopes: readonly string[],
): Promise<{ id: string; token: string }> {
  const admin = await setUp(gateway);
  const made = await call(gateway, "POST", "/api/v1/tokens", {
    ...admin,
    body: { name: "consumer", scopes },
  });
  expect(made.status).toBe(201);
  return made.body as { id: string; token: string };
}

/** Modules announce their Things while the gateway is up already. */
async function announced(gateway: GatewayHandle, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  // The last property that the module tells at its start: it is there, and its values too.
  const sun = "/api/v1/things/greenhouse-weather/properties/weather/sun";
  await expect.poll(async () => (await call(gateway, "GET", sun, { headers })).status).toBe(200);
}

/** Collects what a subscription hands over. */
function heard<Value>(): { readonly values: Value[]; readonly take: (output: unknown) => Promise<void> } {
  const values: Value[] = [];
  const take = async (output: unknown): Promise<void> => {
    values.push((await (output as { value(): Promise<unknown> }).value()) as Value);
  };
  return { values, take };
}

/** Changes the forms of a description: what a consumer does for a client that cannot do all that the forms offer. */
function withForms(
  description: ThingDescription,
  change: (form: Form) => Form | undefined,
): ThingDescription {
  const copy = structuredClone(description) as unknown as Record<string, Record<string, { forms: Form[] }>>;
  for (const kind of ["properties", "actions", "events"]) {
    for (const affordance of Object.values(copy[kind] ?? {})) {
      affordance.forms = affordance.forms.flatMap((form) => change(form) ?? []);
    }
  }
  return copy as unknown as ThingDescription;
}

/** node-wot opens its `EventSource` without credentials: the token goes where `bearer_query` says. */
const withToken =
  (token: string) =>
  (form: Form): Form =>
    form.subprotocol === "sse" ? { ...form, href: `${form.href}?access_token=${token}` } : form;

async function read(thing: ConsumedThing, property: string): Promise<unknown> {
  return (await thing.readProperty(property)).value();
}

describe("a consumer of others (node-wot)", () => {
  test("discovers the Things, reads, writes, invokes, observes and hears events over HTTP", async () => {
    using folder = temporaryFolder("wot");
    const gateway = await startGateway(house(folder.path, { extra: SIM }).config);
    await using _process = gateway.process;
    const { token } = await tokenOf(gateway, ["control"]);
    await announced(gateway, token);
    await using consumer = await WotConsumer.start();

    const wellKnown = new URL("/.well-known/wot", gateway.web).href;
    const introduction = await consumer.introduce(wellKnown);
    expect(introduction).toMatchObject({ "@type": "ThingDirectory", id: wellKnown, security: ["bearer"] });
    expect(JSON.stringify(introduction)).not.toMatch(/greenhouse|Test house/);

    const found = await consumer.explore(wellKnown, { token });
    const ids = found.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
    expect(ids).toEqual(
      expect.arrayContaining(["urn:homie:5:greenhouse-fan", "urn:homie:5:greenhouse-valve"]),
    );

    const described = (part: string): ThingDescription => {
      const td = found.find(({ id }) => id === `urn:homie:5:greenhouse-${part}`);
      if (td === undefined) throw new Error(`no ${part} in ${ids.join(", ")}`);
      return withForms(td, withToken(token));
    };
    const climate = await consumer.consume(described("climate"), { token });
    expect(await read(climate, "air/temperature")).toBeTypeOf("number");
    const all = await climate.readAllProperties();
    expect([...all.keys()].sort()).toEqual(["air/humidity", "air/temperature"]);

    const fan = await consumer.consume(described("fan"), { token });
    const on = heard<boolean>();
    const observation = await fan.observeProperty("fan/on", on.take);
    await expect.poll(() => on.values).toEqual([false]);
    await fan.writeProperty("fan/on", true);
    // The device's own word: what was written alone changes nothing.
    await expect.poll(() => on.values).toEqual([false, true]);
    expect(await read(fan, "fan/on")).toBe(true);
    await expect(fan.writeProperty("fan/speed", 150)).rejects.toThrow();

    const valve = await consumer.consume(described("valve"), { token });
    const watered = heard<number>();
    const subscription = await valve.subscribeEvent("watered", watered.take);
    await valve.invokeAction("water", 1);
    await expect.poll(() => watered.values).toHaveLength(1);
    expect(watered.values[0]).toBeGreaterThan(0.1);
    expect(watered.values[0]).toBeLessThan(0.3);
    await expect(valve.invokeAction("water", 0)).rejects.toThrow();

    await observation.stop();
    await subscription.stop();
    await fan.writeProperty("fan/on", false);
    await expect.poll(() => read(fan, "fan/on")).toBe(false);
    expect(on.values).toEqual([false, true]);
  });

  test("reads, writes, observes and hears events over MQTT, with its credentials", async () => {
    using folder = temporaryFolder("wot");
    const gateway = await startGateway(house(folder.path, { extra: IN_A_CHILD }).config);
    await using _process = gateway.process;
    const { token } = await tokenOf(gateway, ["control"]);
    await announced(gateway, token);
    await using explorer = await WotConsumer.start();
    const found = await explorer.explore(new URL("/.well-known/wot", gateway.web).href, { token });

    await using consumer = await WotConsumer.start();
    const consume = (part: string): Promise<ConsumedThing> => {
      const td = found.find(({ id }) => id === `urn:homie:5:greenhouse-${part}`);
      if (td === undefined) throw new Error(`there is no ${part}`);
      // node-wot 0.8.16 takes credentials for the security of a description, not for that of a form.
      const overMqtt = withForms(
        { ...td, security: ["basic"] } as ThingDescription,
        ({ security: _own, ...form }) => (form.href.startsWith("mqtt:") ? form : undefined),
      );
      return consumer.consume(overMqtt, { username: "probe", password: "probe-password" });
    };
    const climate = await consume("climate");
    expect(await read(climate, "air/temperature")).toBeTypeOf("number");

    const fan = await consume("fan");
    const speed = heard<number>();
    const observation = await fan.observeProperty("fan/speed", speed.take);
    await expect.poll(() => speed.values).toEqual([100]);
    await fan.writeProperty("fan/speed", 40);
    await expect.poll(() => speed.values.at(-1)).toBe(40);
    expect(await read(fan, "fan/on")).toBe(false);

    const valve = await consume("valve");
    const watered = heard<number>();
    const subscription = await valve.subscribeEvent("watered", watered.take);
    const water = await call(gateway, "POST", "/api/v1/things/greenhouse-valve/actions/water", {
      headers: { authorization: `Bearer ${token}` },
      body: 1,
    });
    expect(water.status).toBe(201);
    await expect.poll(() => watered.values).toEqual([expect.any(Number)]);
    await observation.stop();
    await subscription.stop();
    // node-wot does not wait for the end of a subscription; what is asked for after it comes after it.
    expect(await read(valve, "valve/open")).toBe(false);
  });
});
