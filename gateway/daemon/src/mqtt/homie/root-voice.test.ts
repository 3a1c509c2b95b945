import type { MqttMessage } from "@tram/core";
import type { ThingId } from "@tram/protocol";
import { VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { listeningLog } from "../listeners/testing/door.ts";
import { RootAlerts } from "./root-alerts.ts";
import { overheard, RootLog } from "./root-log.ts";

const root = { id: "house" as ThingId };

/** What was published, as `topic payload`. */
function listener(): {
  readonly said: string[];
  readonly broker: { publish(message: MqttMessage): Promise<void> };
} {
  const said: string[] = [];
  const publish = async ({ topic, payload, retain }: MqttMessage): Promise<void> => {
    said.push(`${topic}${retain ? "" : " once"} ${Buffer.from(payload).toString()}`);
  };
  return { said, broker: { publish } };
}

test("a problem is an alert as long as it lasts", () => {
  const { said, broker } = listener();
  const alerts = new RootAlerts({ broker, root });
  const full = { code: "store-full", where: "data", problem: "the disk is full" };
  const rule = { code: "rule", where: "rules/a.yaml", problem: "cannot be read" };
  alerts.show([full, rule]);
  alerts.show([full, rule]);
  alerts.show([full, { ...rule, problem: "is empty" }, { ...rule, where: "rules/a-yaml" }]);
  alerts.show([]);
  expect(said).toEqual([
    "homie/5/house/$alert/store-full-data data: the disk is full",
    "homie/5/house/$alert/rule-rules-a-yaml rules/a.yaml: cannot be read",
    "homie/5/house/$alert/rule-rules-a-yaml rules/a.yaml: is empty",
    expect.stringMatching(/^homie\/5\/house\/\$alert\/rule-rules-a-yaml-\w+ rules\/a-yaml: cannot be read$/),
    "homie/5/house/$alert/store-full-data ",
    "homie/5/house/$alert/rule-rules-a-yaml ",
    expect.stringMatching(/^homie\/5\/house\/\$alert\/rule-rules-a-yaml-\w+ $/),
  ]);
});

test("what an earlier life left on a broker of others is taken back", () => {
  const { said, broker } = listener();
  const alerts = new RootAlerts({ broker, root });
  alerts.show([{ code: "anonymous", where: "mqtt", problem: "x" }]);
  said.length = 0;
  const hear = (topic: string, payload = "old"): void =>
    alerts.hear({ topic: `homie/5/${topic}`, payload: Buffer.from(payload), qos: 1, retain: true });
  hear("house/$alert/anonymous-mqtt");
  hear("house/$alert/stale");
  hear("house/$alert/stale", "");
  hear("lamp/$alert/battery");
  hear("house/$state");
  expect(said).toEqual(["homie/5/house/$alert/stale "]);
});

test("warnings are log lines of the gateway, few of them, and without what nobody else should know", async () => {
  const { said, broker } = listener();
  const clock = new VirtualClock();
  const voice = new RootLog({ broker, clock, root });
  const { lines, log } = listeningLog();
  const both = overheard(log, (...line) => voice.tell(...line));
  both.warn({ thing: "lamp", password: "secret", problem: "no JSON" }, "refused");
  both.error({ code: "full" }, "the store fails");
  both.info({}, "up");
  both.debug({}, "detail");
  expect(said).toEqual([
    "homie/5/house/$log/warn once refused; thing: lamp; problem: no JSON",
    "homie/5/house/$log/error once the store fails; code: full",
  ]);
  for (let index = 0; index < 1_000; index++) both.warn({}, "again");
  expect(said).toHaveLength(10);
  expect(lines).toHaveLength(1_002);
  await clock.advance(6_000);
  both.warn({}, "later");
  expect(said.at(-1)).toBe("homie/5/house/$log/warn once later");
});
