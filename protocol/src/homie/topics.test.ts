import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePropertyKey, parseThingId } from "../ids.ts";
import {
  alertTopic,
  broadcastTopic,
  deviceTopic,
  HOMIE_LOG_LEVELS,
  isOwnDevice,
  logTopic,
  parseHomieTopic,
  setTopic,
  targetTopic,
  valueTopic,
} from "./topics.ts";

/** Any UTF-16 code unit: also control characters and halves of pairs. */
const character = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));

const id = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,10}[a-z0-9])?$/).filter((text) => text !== "pair");
const device = id.map((text) => parseThingId(text)).filter((it) => it !== undefined);
const property = fc
  .tuple(id, id)
  .map(([node, name]) => parsePropertyKey(`${node}/${name}`))
  .filter((it) => it !== undefined);

describe("a topic of ours is read as what it was made of", () => {
  test.each([
    ["value", valueTopic],
    ["set", setTopic],
    ["target", targetTopic],
  ] as const)("%s", (kind, topicOf) => {
    fc.assert(
      fc.property(device, property, (device, property) => {
        expect(parseHomieTopic(topicOf(device, property))).toEqual({ kind, device, property });
      }),
    );
  });

  test.each(["state", "description"] as const)("$%s", (attribute) => {
    fc.assert(
      fc.property(device, (device) => {
        expect(parseHomieTopic(deviceTopic(device, attribute))).toEqual({
          kind: "attribute",
          device,
          attribute,
        });
      }),
    );
  });
});

test("alerts, log lines and broadcasts", () => {
  fc.assert(
    fc.property(device, id, fc.constantFrom(...HOMIE_LOG_LEVELS), (device, alert, level) => {
      expect(parseHomieTopic(alertTopic(device, alert))).toEqual({ kind: "alert", device, alert });
      expect(parseHomieTopic(logTopic(device, level))).toEqual({ kind: "log", device, level });
    }),
  );
  fc.assert(
    fc.property(fc.array(id, { minLength: 1, maxLength: 5 }), (levels) => {
      const subtopic = levels.join("/");
      expect(parseHomieTopic(broadcastTopic(subtopic))).toEqual({ kind: "broadcast", subtopic });
    }),
  );
});

test.each([
  "",
  "homie",
  "homie/5",
  "homie/5/",
  "homie/5/lamp",
  "homie/5/lamp/",
  "homie/5/lamp/$",
  "homie/5/lamp/light",
  "homie/5/lamp/light/",
  "homie/5/lamp//on",
  "homie/5/lamp/light/on/",
  "homie/5/lamp/light/on/get",
  "homie/5/lamp/light/on/set/now",
  "homie/5/Lamp/light/on",
  "homie/5/lamp/Light/on",
  "homie/5/lamp/light/__proto__",
  "homie/5/pair/light/on",
  "homie/5/pair/$state",
  "homie/5/$broadcast",
  "homie/5/$broadcast/",
  "homie/5/$broadcast/Fire",
  "homie/5/$broadcast/fire//now",
  "homie/5/$broadcast/fire/$now",
  `homie/5/$broadcast/${"a/".repeat(200)}a`,
  "homie/5/lamp/$log/verbose",
  "homie/5/lamp/$log/warn/more",
  "homie/5/lamp/$alert/",
  "homie/5/lamp/$alert/$battery",
  "homie/5/lamp/$alert/Battery",
  "homie/5/lamp/$alert/battery/low",
  "homie/4/lamp/light/on",
  "/homie/5/lamp/light/on",
  "tram/1/lamp/light/on",
  "homie/5/lamp/light/on\n",
])("%j is foreign", (topic) => {
  expect(parseHomieTopic(topic)).toBeUndefined();
});

test("no topic makes the reader throw", () => {
  const level = fc.oneof(
    fc.string({ unit: character }),
    fc.constantFrom("$state", "set", "$target", "a", "", "+", "#"),
  );
  fc.assert(
    fc.property(fc.array(level, { maxLength: 6 }), (levels) => {
      parseHomieTopic(["homie/5", ...levels].join("/"));
    }),
  );
});

test.each([
  ["lamp", "lamp", true],
  ["lamp-left", "lamp", true],
  ["lamps", "lamp", false],
  ["lam", "lamp", false],
  ["lamp-", "lamp", false],
  ["lamp-+", "lamp", false],
  ["LAMP", "lamp", false],
])("%s belongs to the account %s: %s", (topicDevice, account, own) => {
  expect(isOwnDevice(topicDevice, account)).toBe(own);
});
