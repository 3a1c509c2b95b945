import type { Source } from "@tram/core";
import type { CredentialRole, ThingId, TopicRights } from "@tram/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Account } from "../../config/settings.ts";
import { Access } from "./access.ts";
import { describeKind } from "./device-kinds.ts";
import { FixedAccounts } from "./fixed-accounts.ts";
import { ANONYMOUS, PAIR, PAIR_REPLY, PAIR_REQUEST } from "./pair-topics.ts";
import type { Identity } from "./role-rights.ts";

const FIXED: readonly Account[] = [
  { username: "fan", password: "fan-password", role: "device" },
  { username: "plug", password: "t", role: "device", topics: ["stat/plug/", "cmnd/plug"] },
  { username: "eyes", password: "e", role: "dashboard" },
  { username: "probe", password: "p", role: "service" },
];

function granted(id: string, kind: Parameters<typeof describeKind>[0], prefixes?: string[]): Identity {
  const described = describeKind(kind, id, prefixes);
  if (!described.ok) throw new Error(described.problem);
  return { id, role: described.role, topics: described.topics };
}

const GRANTED = new Map<string, Identity>(
  [
    granted("lamp", "homie"),
    granted("lamp-2", "homie"),
    granted("socket", "tasmota"),
    granted("shelly1", "shelly"),
    granted("kitchen", "esphome"),
    granted("press", "generic", ["workshop/press"]),
    granted("panel", "dashboard"),
    granted("flows", "node-red"),
  ].map((identity) => [identity.id, identity]),
);

/** Things that a module described, and one of a service. */
const SOURCES = new Map<string, Source>([
  ["lamp-attic", "module:zigbee"],
  ["lamp-hall", "mqtt:probe"],
  ["lamp-own", "mqtt:lamp"],
]);

function access(options: { anonymous?: boolean; granted?: ReadonlyMap<string, Identity> } = {}): Access {
  const credentials = options.granted ?? GRANTED;
  return new Access({
    fixed: new FixedAccounts(FIXED, { anonymous: options.anonymous ?? false }),
    credentials: { get: (id) => credentials.get(id) },
    registry: { speaker: (id: ThingId) => SOURCES.get(id) },
    gateway: "lamp-gateway",
  });
}

const house = access();
const rights = (username: string, topic: string): [publish: boolean, subscribe: boolean] => [
  house.mayPublish({ username }, topic),
  house.maySubscribe({ username }, topic),
];

describe("rights", () => {
  test.each<[user: string, topicOrFilter: string, publish: boolean, subscribe: boolean]>([
    ["fan", "homie/5/fan/fan/on", true, true],
    ["fan", "homie/5/fan/fan/on/set", true, true],
    ["fan", "homie/5/fan/+/+/set", false, true],
    ["fan", "homie/5/fan/#", false, true],
    ["fan", "homie/5/fan-2/fan/on", true, true],
    ["fan", "homie/5/fan", true, true],
    ["fan", "tram/1/fan/firmware", false, true],
    ["fan", "tram/1/fan/#", false, true],
    ["fan", "homie/5/$broadcast/alert", false, true],
    ["fan", "$share/all/homie/5/fan/#", false, true],
    ["plug", "stat/plug/POWER", true, true],
    ["plug", "cmnd/plug", true, true],
    ["plug", "cmnd/plugs", false, false],
    ["plug", "homie/5/plug/x/y", false, false],
    ["eyes", "homie/5/fan/fan/on", false, true],
    ["eyes", "#", false, true],
    ["eyes", "$SYS/broker/uptime", false, true],
    ["panel", "#", false, true],
    ["panel", "homie/5/fan/fan/on/set", false, true],
    ["flows", "#", false, true],
    ["flows", "homie/5/fan/fan/on/set", true, true],
    ["flows", "homie/5/fan/fan/on", false, true],
    ["flows", "node-red/flows/x", true, true],
    ["flows", "$SYS/broker/uptime", false, false],
    ["flows", "homie/5/$broadcast/alert", true, true],
    ["eyes", "homie/5/$broadcast/alert", false, true],
    ["probe", "homie/5/fan/fan/on/set", true, true],
    ["probe", "$SYS/broker/uptime", false, true],
    ["socket", "stat/socket/POWER", true, false],
    ["socket", "tele/socket/LWT", true, false],
    ["socket", "cmnd/socket/POWER", false, true],
    ["socket", "homeassistant/switch/socket/config", true, false],
    ["socket", "homeassistant/switch/other/config", false, false],
    ["shelly1", "shellies/shelly1/relay/0", true, true],
    ["shelly1", "shellies/announce", true, false],
    ["shelly1", "shellies/other/relay/0", false, false],
    ["shelly1", "shellies/#", false, false],
    ["kitchen", "esphome/kitchen/status", true, true],
    ["kitchen", "esphome/ping/kitchen", false, true],
    ["kitchen", "esphome/ping/+", false, false],
    ["press", "workshop/press/force", true, true],
    ["press", "workshop/#", false, false],
    ["ghost", "homie/5/ghost/x/y", false, false],
    ["", "homie/5//x/y", false, false],
  ])("%s and %s: publish %s, subscribe %s", (username, topic, publish, subscribe) => {
    expect(rights(username, topic)).toEqual([publish, subscribe]);
  });

  test("with anonymous on, everybody is a service, but for where devices pair", () => {
    const open = access({ anonymous: true });
    const anybody = { username: ANONYMOUS };
    expect(open.mayPublish(anybody, "homie/5/fan/fan/on")).toBe(true);
    expect(open.maySubscribe(anybody, "#")).toBe(true);
    expect(open.mayPublish(anybody, PAIR_REQUEST)).toBe(false);
    expect(open.maySubscribe(anybody, PAIR_REPLY)).toBe(false);
    expect(house.maySubscribe(anybody, "#")).toBe(false);
  });

  test("who pairs may ask and hear the answer; nobody else may, whatever they may otherwise", () => {
    for (const topic of ["homie/5/fan/x/y", "tram/1/pair", PAIR_REPLY, `${PAIR_REQUEST}/more`, "#"]) {
      expect(house.mayPublish({ username: PAIR }, topic), topic).toBe(false);
    }
    for (const filter of ["#", "tram/1/pair/#", "tram/1/pair/+", PAIR_REQUEST, `$share/x/${PAIR_REPLY}`]) {
      expect(house.maySubscribe({ username: PAIR }, filter), filter).toBe(false);
    }
    expect(house.mayPublish({ username: PAIR }, PAIR_REQUEST)).toBe(true);
    expect(house.maySubscribe({ username: PAIR }, PAIR_REPLY)).toBe(true);
    for (const username of ["fan", "lamp", "eyes", "flows", "probe"]) {
      for (const topic of [PAIR_REQUEST, PAIR_REPLY, "tram/1/pair"]) {
        expect(rights(username, topic), username).toEqual([false, false]);
      }
      expect(house.maySubscribe({ username }, "tram/1/pair/#"), username).toBe(false);
      expect(house.maySubscribe({ username }, `$share/x/tram/1/pair/#`), username).toBe(false);
    }
  });

  test("the children of a name end where another name begins, and where somebody else speaks for the Thing", () => {
    expect(rights("lamp", "homie/5/lamp-child/x/y")).toEqual([true, true]);
    expect(rights("lamp", "homie/5/lamp-own/x/y")).toEqual([true, true]);
    for (const device of [
      "lamp-2",
      "lamp-2-door",
      "lamp-attic",
      "lamp-attic-1",
      "lamp-hall",
      "lamp-gateway",
    ]) {
      expect(rights("lamp", `homie/5/${device}/x/y`), device).toEqual([false, false]);
      expect(rights("lamp", `homie/5/${device}/x/y/set`), device).toEqual([false, false]);
      expect(house.maySubscribe({ username: "lamp" }, `homie/5/${device}/#`), device).toBe(false);
    }
    expect(rights("lamp-2", "homie/5/lamp-2-door/x/y")).toEqual([true, true]);
    expect(rights("lamp-2", "homie/5/lamp/x/y")).toEqual([false, false]);
  });

  test("a right ends with its credential, and follows the one that takes its place", () => {
    const given = new Map<string, Identity>([["sensor", granted("sensor", "homie")]]);
    const changing = access({ granted: given });
    const sensor = { username: "sensor" };
    expect(changing.mayPublish(sensor, "homie/5/sensor/x/y")).toBe(true);
    given.delete("sensor");
    expect(changing.mayPublish(sensor, "homie/5/sensor/x/y")).toBe(false);
    given.set("sensor", granted("sensor", "tasmota"));
    expect(changing.mayPublish(sensor, "homie/5/sensor/x/y")).toBe(false);
    expect(changing.mayPublish(sensor, "stat/sensor/x")).toBe(true);
  });
});

test("a device speaks Homie 3 and 4 below its own id, and an id that is a version gives nothing", () => {
  const five = access({ granted: new Map([["5", granted("5", "homie")]]) });
  expect(rights("lamp", "homie/lamp/$state")).toEqual([true, true]);
  expect(rights("lamp", "homie/lamp-2/$state")).toEqual([false, false]);
  expect(five.mayPublish({ username: "5" }, "homie/5/lamp/$state")).toBe(false);
  expect(five.maySubscribe({ username: "5" }, "homie/5/#")).toBe(false);
  expect(five.mayPublish({ username: "5" }, "homie/5/5/$state")).toBe(true);
});

describe("a device with a valid credential", () => {
  /** Topics of another device, of the gateway, of the broker, and of where devices pair. */
  const FOREIGN = [
    "homie/5/lamp/light/on",
    "homie/5/lamp/light/on/set",
    "homie/5/lamp/$state",
    "homie/5/lamp-2/light/on",
    "homie/5/lamp-gateway/$state",
    "homie/lamp/$state",
    "homie/lamp-3/$state",
    "homie/5/lamp-attic/light/on/set",
    "tram/1/lamp/firmware",
    "tram/1/pair/request",
    "tram/1/pair/reply",
    "tram/1/gateway",
    "cmnd/socket/POWER",
    "stat/socket/POWER",
    "tele/socket/STATE",
    "shellies/shelly1/relay/0/command",
    "esphome/kitchen/status",
    "homeassistant/device/lamp/config",
    "homeassistant/switch/socket/config",
    "workshop/press/force",
    "node-red/flows/x",
    "$SYS/broker/clients/connected",
    "$SYS",
    "$share/x",
    "/homie/5/fan/x",
    "homie//fan",
    "homie/5",
    "tram/1",
  ];
  /** Filters that reach more than one device. */
  const WIDE = [
    "#",
    "+",
    "+/#",
    "/#",
    "homie/#",
    "homie/5/#",
    "homie/5/+",
    "homie/5/+/#",
    "homie/5/+/$state",
    "homie/+/fan/#",
    "+/5/fan/#",
    "homie/5/fan-+/#",
    "tram/#",
    "tram/1/#",
    "tram/1/+/firmware",
    "tram/1/pair/#",
    "cmnd/#",
    "homeassistant/#",
    "$SYS/#",
    "$SYS/+",
    "$share",
    "$share/g",
    "$share/g/",
    "$share/g/#/x",
    "$share/#/homie/5/fan/#",
    "$queue/#",
  ];
  const shared = (filter: string): string => `$share/group/${filter}`;

  test.each(["fan", "plug", "socket", "shelly1", "kitchen", "press", "lamp-2"])(
    "%s reaches nobody else",
    (username) => {
      const own = (topic: string): boolean =>
        ({
          plug: /^(?:stat|cmnd)\/plug/,
          socket: /socket/,
          shelly1: /shelly1/,
          kitchen: /kitchen/,
          press: /press/,
          "lamp-2": /lamp-2/,
        })[username]?.test(topic) ?? false;
      for (const topic of FOREIGN) {
        if (own(topic)) continue;
        expect(rights(username, topic), topic).toEqual([false, false]);
        expect(house.maySubscribe({ username }, `${topic}/#`), `${topic}/#`).toBe(false);
        expect(house.maySubscribe({ username }, shared(topic)), shared(topic)).toBe(false);
      }
      for (const filter of WIDE) {
        expect(rights(username, filter), filter).toEqual([false, false]);
        expect(house.maySubscribe({ username }, shared(filter)), shared(filter)).toBe(false);
      }
    },
  );
});

/** MQTT 3.1.1 §4.7, straight from its words. */
function matches(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    if (index >= levels.length || (level !== "+" && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}

describe("whatever filter somebody may subscribe to", () => {
  const id = fc.constantFrom("a", "a-b", "a-b-c", "b", "house");
  const level = fc.constantFrom(
    "a",
    "a-b",
    "a-b-c",
    "a-x",
    "b",
    "homie",
    "5",
    "tram",
    "1",
    "set",
    "$broadcast",
    "$SYS",
    "",
  );
  const topics: fc.Arbitrary<TopicRights | undefined> = fc.option(
    fc
      .array(fc.array(level, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 })
      .map((prefixes) => prefixes.map((prefix) => `${prefix.join("/")}/#`))
      .map((filters) => ({ read: filters, write: filters })),
    { nil: undefined },
  );
  const role = fc.constantFrom<CredentialRole>("device", "dashboard", "controller", "service");
  const identity = fc.record({ id, role, topics });
  const head = fc.constantFrom("homie/5/a", "homie/5/a-b", "homie/5/a-x", "tram/1/a", "homie", "tram/1", "");
  const tail = fc.array(fc.oneof(level, fc.constantFrom("+", "#")), { minLength: 1, maxLength: 4 });
  const filter = fc
    .tuple(head, tail, fc.boolean())
    .map(
      ([first, rest, share]) =>
        `${share ? "$share/g/" : ""}${[...(first === "" ? [] : [first]), ...rest].join("/")}`,
    );
  /** A topic that the filter matches: wildcards are filled in. */
  const topicOf = (text: string, fill: readonly string[]): string =>
    text
      .replace(/^\$share\/g\//, "")
      .split("/")
      .flatMap((part, index) =>
        part === "#" ? fill : [part === "+" ? (fill[index % fill.length] ?? "z") : part],
      )
      .join("/");

  test("they may read each topic that it matches", () => {
    fc.assert(
      fc.property(
        fc.array(identity, { minLength: 1, maxLength: 4 }),
        filter,
        fc.array(fc.oneof(level, fc.constant("elsewhere")), { minLength: 1, maxLength: 3 }),
        (identities, asked, fill) => {
          const known = new Map(identities.map((entry) => [entry.id, entry]));
          const random = access({ granted: known });
          for (const { id: username } of identities) {
            if (!random.maySubscribe({ username }, asked)) continue;
            const topic = topicOf(asked, fill);
            if (topic === "" || !matches(asked.replace(/^\$share\/g\//, ""), topic)) continue;
            // Where devices pair nothing is routed: a wide filter may include it.
            if (topic.startsWith("tram/1/pair")) continue;
            expect(random.maySubscribe({ username }, topic), `${username}: ${asked} matches ${topic}`).toBe(
              true,
            );
          }
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
