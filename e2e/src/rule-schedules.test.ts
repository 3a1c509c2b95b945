import { readFileSync, writeFileSync } from "node:fs";
import type { RuleView } from "@tram/protocol";
import { expect, test, vi } from "vitest";
import { type Caller, call, setUp } from "./http.ts";
import { type GatewayHandle, house, startGateway, temporaryFolder } from "./processes.ts";

const RULES = `- { id: seconds, triggers: [{ cron: "* * * * * *" }], actions: [{ notify: tick }] }
- { id: pattern, triggers: [{ time_pattern: { seconds: "/1" } }], actions: [{ notify: tick }] }
- { id: dusk, triggers: [{ sun: { event: dusk, offset: "-30m" } }], actions: [{ notify: dark }] }
- id: heating
  triggers: [{ schedule: { on: both, week: { weekdays: ["06:00-08:30"], weekend: ["22:00-06:00"] } } }]
  conditions: [{ sun: { after: { event: sunset }, before: { event: sunrise } } }]
  actions: [{ notify: warm }]
- { id: never, triggers: [{ cron: "0 0 30 2 *" }], actions: [{ notify: never }] }
- { id: broken, triggers: [{ cron: "60 * * * *" }], actions: [{ notify: x }] }
`;

async function rulesOf(gateway: GatewayHandle, admin: Caller): Promise<Map<string, RuleView>> {
  const { body } = await call(gateway, "GET", "/api/v1/rules", admin);
  return new Map((body as { rules: RuleView[] }).rules.map((rule) => [rule.id, rule]));
}

test("a gateway runs schedules, and tells what is wrong with one", async () => {
  using folder = temporaryFolder("rule-schedules");
  const gateway = await startGateway(house(folder.path, { rules: RULES }).config);
  await using _process = gateway.process;
  const admin = await setUp(gateway);
  const rules = await rulesOf(gateway, admin);
  expect(rules.get("dusk")).toMatchObject({
    status: "unavailable",
    problems: [{ problem: expect.stringContaining("gateway.latitude") }],
  });
  expect(rules.get("broken")).toMatchObject({
    status: "unavailable",
    problems: [
      { path: expect.stringContaining("cron"), problem: expect.stringContaining('found minutes "60"') },
    ],
  });
  expect(rules.get("never")?.warnings).toMatchObject([{ problem: "cron 0 0 30 2 * never comes" }]);
  for (const id of ["seconds", "pattern"]) {
    const hasFired = async () => expect((await rulesOf(gateway, admin)).get(id)?.lastFired).toBeDefined();
    await vi.waitFor(hasFired, { timeout: 10_000, interval: 200 });
  }
});

test("where the gateway knows its place, the sun has schedules", async () => {
  using folder = temporaryFolder("rule-sun");
  const { config } = house(folder.path, { rules: RULES });
  const text = readFileSync(config, "utf8");
  writeFileSync(config, text.replace("timezone: UTC", "timezone: UTC, latitude: 21.03, longitude: 105.85"));
  const gateway = await startGateway(config);
  await using _process = gateway.process;
  const rules = await rulesOf(gateway, await setUp(gateway));
  expect([rules.get("dusk"), rules.get("heating")]).toMatchObject([{ problems: [] }, { problems: [] }]);
});
