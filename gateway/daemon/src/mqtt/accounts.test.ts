import type { MqttClient } from "@tram/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Accounts, ANONYMOUS } from "./accounts.ts";

const accounts = new Accounts(
  [
    { username: "fan", password: "fan-password", role: "device" },
    { username: "tasmota", password: "t", role: "device", topics: ["stat/plug/", "cmnd/plug"] },
    { username: "eyes", password: "e", role: "dashboard" },
    { username: "probe", password: "p", role: "service" },
  ],
  { anonymous: false },
);

function client(username: string): MqttClient {
  return { id: "any", username, address: "127.0.0.1", listener: "tcp", protocol: "3.1.1", connectedAt: 0 };
}

describe("authenticate", () => {
  test.each([
    ["fan", "fan-password", "fan"],
    ["fan", "wrong", undefined],
    ["fan", "", undefined],
    ["nobody", "fan-password", undefined],
    ["nobody", "", undefined],
    ["", "", undefined],
    [ANONYMOUS, "", undefined],
  ])("%s with %s", (username, password, expected) => {
    expect(accounts.authenticate(username, Buffer.from(password))).toBe(expected);
  });

  test("without a name or a password nobody enters, unless anonymous is on; and nobody may claim to be it", () => {
    expect(accounts.authenticate(undefined, undefined)).toBeUndefined();
    expect(accounts.authenticate("fan", undefined)).toBeUndefined();
    const open = new Accounts([], { anonymous: true });
    expect(open.authenticate(undefined, undefined)).toBe(ANONYMOUS);
    expect(open.authenticate(ANONYMOUS, Buffer.from(""))).toBeUndefined();
    expect(open.authenticate("stranger", Buffer.from("x"))).toBeUndefined();
  });
});

describe("rights", () => {
  const cases: [string, string, boolean, boolean][] = [
    // user, topic or filter, may publish, may subscribe
    ["fan", "homie/5/fan/fan/on", true, true],
    ["fan", "homie/5/fan/fan/on/set", true, true],
    ["fan", "homie/5/fan/#", true, true],
    ["fan", "homie/5/fan-2/fan/on", true, true],
    ["fan", "homie/5/fan", true, true],
    ["fan", "homie/5/fanny/fan/on", false, false],
    ["fan", "homie/5/other/fan/on", false, false],
    ["fan", "homie/5/+/fan/on", false, false],
    ["fan", "homie/5/#", false, false],
    ["fan", "homie/5/fan-+/x", false, false],
    ["fan", "homie/5/fan-#", false, false],
    ["fan", "homie/+/fan/fan/on", false, false],
    ["fan", "#", false, false],
    ["fan", "$SYS/broker", false, false],
    ["fan", "$share/group/homie/5/fan/#", false, false],
    ["fan", "homie/5/$broadcast/alert", false, true],
    ["tasmota", "stat/plug/POWER", true, true],
    ["tasmota", "cmnd/plug", true, true],
    ["tasmota", "cmnd/plugs", false, false],
    ["tasmota", "homie/5/tasmota/x/y", false, false],
    ["eyes", "homie/5/fan/fan/on", false, true],
    ["eyes", "#", false, true],
    ["probe", "homie/5/fan/fan/on/set", true, true],
    ["probe", "$SYS/broker", false, true],
    ["ghost", "homie/5/ghost/x/y", false, false],
  ];
  test.each(cases)("%s and %s: publish %s, subscribe %s", (username, topic, publish, subscribe) => {
    expect(accounts.mayPublish(client(username), topic)).toBe(publish);
    expect(accounts.maySubscribe(client(username), topic)).toBe(subscribe);
  });

  test("whatever filter a device may subscribe to matches no topic of another device", () => {
    const level = fc.constantFrom(
      "homie",
      "5",
      "fan",
      "fan-2",
      "other",
      "+",
      "#",
      "$broadcast",
      "set",
      "",
      "x",
    );
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 6 }), (levels) => {
        const filter = levels.join("/");
        if (!accounts.maySubscribe(client("fan"), filter)) return;
        for (const topic of ["homie/5/other/a/b", "homie/5/other/$state", "tram/1/x", "secret"]) {
          expect(matches(filter, topic), `${filter} matches ${topic}`).toBe(false);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

/** MQTT 3.1.1 §4.7, straight from its words. */
function matches(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    if (index >= levels.length || (level !== "+" && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}
