import type { PropertyKey, ThingId } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { PENDING_EFFECTS, REFUSED_MS } from "./effects/effect-desk.ts";
import { MODEM, ON, RuleRoom } from "./testing/rule-room.ts";

const said = ({ published }: RuleRoom): string[] =>
  published.map(({ payload, topic }) => `${topic} ${Buffer.from(payload).toString()}`);

describe("what rules hear", () => {
  test("events of Things, availability, bridges and webhooks", async () => {
    const up = new Set<string>();
    const thing = { ...MODEM, events: { rang: { data: { type: "string" as const } } } };
    using house = await new RuleRoom({
      things: [thing],
      ways: { online: (id) => (id === undefined ? up.size > 0 : up.has(id)) },
      rules: `
- id: hears
  mode: parallel
  triggers:
    - { event: { thing: modem, event: rang } }
    - { availability: { thing: modem, to: lost } }
    - { bridge: { to: online, provider: up } }
    - { webhook: knock-knock-1 }
  actions: [{ publish: heard, payload: "\${trigger.kind}" }]
`,
    }).start();
    await house.transactions.record((unit) => {
      const by = { source: "module:sim", origin: "module:sim" } as const;
      house.registry.raise({ thing: "modem" as ThingId, event: "rang", data: "0901" }, by, unit);
      house.registry.setAvailability("modem" as ThingId, "lost", unit);
    });
    house.rules.bridge("up", false);
    up.add("up");
    house.rules.bridge("up", true);
    house.rules.bridge("up", true);
    await house.clock.advance(0);
    expect(await house.rules.webhooks.call("knock-knock-2", null, "::1")).toBe("unknown");
    expect(await house.rules.webhooks.call("knock-knock-1", null, "::1")).toBe("taken");
    await house.clock.advance(0);
    expect(said(house)).toEqual(["heard event", "heard availability", "heard bridge", "heard webhook"]);
  });

  test("topics: exact, with wildcards, as text of at most 64 kB; nothing after the rule is gone", async () => {
    using house = await new RuleRoom({
      rules: `
- id: hears
  mode: parallel
  triggers: [{ mqtt: { topic: "a/b" } }, { mqtt: { topic: "farm/+/x/#" } }]
  actions: [{ publish: heard, payload: "\${trigger.value}" }]
`,
    }).start();
    for (const topic of ["a/b", "a/c", "farm/1/x", "farm/1/x/y/z", "farm/x", "homie/5/a/b"])
      await house.message(topic, topic);
    await house.message("a/b", "x".repeat(65_537));
    await house.transactions.record((unit) =>
      house.rules.topics.take({ topic: "a/b", payload: Buffer.from([0xff]), qos: 0, retain: false }, unit),
    );
    expect(said(house)).toEqual(["heard a/b", "heard farm/1/x", "heard farm/1/x/y/z"]);
    house.write("[]");
    await house.rules.reload();
    await house.message("a/b", "late");
    expect(house.published).toHaveLength(3);
  });

  test("since when a value is what it is", async () => {
    using house = await new RuleRoom({
      rules: `
- id: held
  triggers: [{ mqtt: { topic: ask } }]
  actions: [{ publish: held, payload: "\${held('modem/radio/level')}" }]
`,
    }).start();
    const level = "radio/level" as PropertyKey;
    await house.report(level, 1);
    await house.report(level, 2);
    await house.clock.advance(5_000);
    await house.report(level, 2);
    await house.clock.advance(1_000);
    await house.message("ask");
    expect(said(house)).toEqual(["held 6000"]);
  });
});

describe("what rules do", () => {
  test("an SMS is an action of the Thing that can send one", async () => {
    using house = await new RuleRoom({
      rules: `
- id: calls
  triggers: [{ mqtt: { topic: go } }]
  actions: [{ notify: Fire, level: alarm, to: ["sms:+84901234567"] }]
`,
    }).start();
    await house.message("go");
    expect(house.sent).toMatchObject([
      {
        thing: "modem",
        target: { action: "send-sms" },
        value: { number: "+84901234567", text: "Fire" },
        origin: "rule:calls",
      },
    ]);
  });

  test("a rule that is refused and tries again at once does so at a walk", async () => {
    using house = await new RuleRoom({
      rules: `
- id: stubborn
  triggers: [{ mqtt: { topic: go } }]
  actions:
    - repeat: { while: [{ expression: "true" }] }
      do: [{ set: ghost/radio/on, value: true, confirm: 10s }, { publish: tried, payload: "\${result.state}" }]
`,
    }).start();
    await house.message("go");
    expect(house.published).toHaveLength(0);
    await house.clock.advance(REFUSED_MS * 10);
    expect(said(house)).toEqual(Array(10).fill("tried refused"));
  });

  test("no rule has more than its share under way", async () => {
    using house = await new RuleRoom({
      ways: { httpHosts: ["127.0.0.1:1"], broker: () => ({ publish: () => new Promise(() => undefined) }) },
      rules: `
- id: many
  triggers: [{ mqtt: { topic: go } }]
  actions:
    - repeat: { count: ${PENDING_EFFECTS.perRule + 5} }
      do: [{ publish: x, payload: y }]
- id: other
  triggers: [{ mqtt: { topic: go } }]
  actions: [{ publish: z, payload: y }]
`,
    }).start();
    await house.message("go");
    expect(await house.rows("rule-effects")).toBe(PENDING_EFFECTS.perRule + 1);
    const refused = house
      .traces("many")
      .filter(({ detail = "" }) => /: refused: 100 effects of the rule/.test(detail));
    expect(refused.length).toBeGreaterThanOrEqual(5);
  });

  test("switched by hand it stays so over a restart, until the file says something new", async () => {
    const text = (enabled: boolean, more = "") => `
- id: lamp
  enabled: ${enabled}
  triggers: [{ state: { property: modem/radio/on } }]
  actions: [{ publish: on, payload: "1${more}" }]
`;
    using house = await new RuleRoom({ rules: text(true) }).start();
    await house.rules.control("lamp", { do: "disable", by: "api:lan" });
    expect(house.rules.get("lamp")).toMatchObject({ status: "disabled", switched: true });
    house.end();
    await house.start();
    expect(house.rules.isActive("lamp")).toBe(false);
    await house.report(ON, true);
    expect(house.published).toHaveLength(0);
    house.write(text(true, "2"));
    await house.rules.reload();
    expect(house.rules.isActive("lamp")).toBe(false);
    house.write(text(false));
    await house.rules.reload();
    house.write(text(true));
    await house.rules.reload();
    expect(house.rules.get("lamp")).not.toHaveProperty("switched");
    expect(house.rules.isActive("lamp")).toBe(true);
  });
});
