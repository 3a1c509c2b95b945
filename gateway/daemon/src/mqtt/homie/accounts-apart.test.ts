import type { ThingId } from "@tram/protocol";
import { VirtualClock } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { THINGS_PER_ACCOUNT } from "../homie-in.ts";
import { AccountPace, DESCRIPTION_PACE, STATE_PACE, WAITING_BYTES } from "./account-pace.ts";
import { EARLY_LIMITS, EarlyMessages } from "./early-messages.ts";
import { described, HomieHouse } from "./testing/homie-house.ts";

const EVIL = { username: "evil" };
const level = { datatype: "integer", format: "0:100", settable: true };
const idOf = (text: string): ThingId => text as ThingId;
const who = (account: string, device: string, bytes = 0) => ({ account, device: idOf(device), bytes });

describe("the pace of an account", () => {
  test("is one for all of its devices, and another account has its own", async () => {
    const clock = new VirtualClock();
    using pace = new AccountPace(clock, DESCRIPTION_PACE);
    let read = 0;
    const admit = (account: string, device: string) => pace.admit(who(account, device), () => void read++);
    const { account, device } = DESCRIPTION_PACE;
    for (let round = 0; round < 5; round++) {
      for (let index = 0; index < 600; index++) if (admit("evil", `e-${index}`) === "now") read++;
    }
    expect(read).toBe(account.burst);
    expect(admit("lamp", "lamp")).toBe("now");
    read = 0;
    await clock.advance(10_000);
    expect(read).toBe(10 * account.perSecond);
    for (let index = 0; index < device.burst; index++) admit("lamp", "lamp");
    expect(admit("lamp", "lamp"), "a device has one too").toBe("later");
    await clock.advance(600_000);
    expect(read, "whoever waited had his turn").toBe(600 + 1);
  });

  test("forgets no device that would begin anew with more than it had", async () => {
    const clock = new VirtualClock();
    using pace = new AccountPace(clock, {
      device: { burst: 1, perSecond: 0.01 },
      account: { burst: 10_000, perSecond: 1 },
    });
    const admit = (device: string) => pace.admit(who("a", device), () => undefined);
    for (let index = 0; index < 2_000; index++) admit(`d-${index}`);
    expect(admit("d-0")).toBe("later");
    await clock.advance(200_000);
    for (let index = 0; index < 2_000; index++) admit(`e-${index}`);
    expect(admit("e-0")).toBe("later");
  });

  test("keeps so much waiting, and what waits of one account takes no place of another's", () => {
    const clock = new VirtualClock();
    const none = { burst: 0, perSecond: 1 };
    using pace = new AccountPace(clock, { device: none, account: none });
    const admit = (account: string, device: string, bytes?: number) =>
      pace.admit(who(account, device, bytes), () => undefined);
    for (let index = 0; index < 10_000; index++) admit("evil", `e-${index}`);
    expect([admit("evil", "e-999"), admit("evil", "e-9999")]).toEqual(["later", "never"]);
    expect(admit("evil", "e-0", 1), "one more byte").toBe("never");
    pace.forget(idOf("e-1"));
    expect(admit("evil", "e-0", 1)).toBe("later");
    expect(admit("lamp", "lamp", WAITING_BYTES - 1_000)).toBe("later");
    expect(admit("lamp", "lamp-2", 1_000)).toBe("never");
    expect(admit("lamp", "lamp", 0), "instead of the longer one").toBe("later");
    expect(admit("lamp", "lamp-2", 1_000)).toBe("later");
  });
});

test("what one account says too early pushes out its own alone", () => {
  const early = new EarlyMessages();
  const message = { topic: "t", payload: Buffer.alloc(1), qos: 0, retain: false } as const;
  early.keep("lamp", idOf("lamp"), message);
  for (let index = 0; index < 1_000; index++) early.keep("evil", idOf(`e-${index}`), message);
  expect(early.take(idOf("lamp"))).toHaveLength(1);
  const kept = (): number =>
    Array.from({ length: 1_000 }, (_, index) => early.take(idOf(`e-${index}`)).length).filter(Boolean).length;
  expect(kept()).toBe(EARLY_LIMITS.devices);
});

test("an account has half of the house, and is told so", async () => {
  await using house = new HomieHouse();
  for (let index = 0; index < THINGS_PER_ACCOUNT + 20; index++) {
    await house.say(`e-${index}/$description`, described({ level }), EVIL);
    if (index % 4 === 0) await house.clock.advance(1_000);
  }
  expect(house.registry.size).toBe(THINGS_PER_ACCOUNT);
  expect(house.lines.at(-1)).toContain("one account may describe 1000 Things, and this one has");
  await house.say("e-0/$description", described({ level }, { name: "Known" }), EVIL);
  expect(house.registry.thing(idOf("e-0"))?.title).toBe("Known");
  await house.say("lamp/$description", described({ level }), { username: "lamp" });
  expect(house.registry.thing(idOf("lamp"))?.title).toBe("lamp");
});

test("an account brings few lines into the log, whatever it does and for how many devices", async () => {
  await using house = new HomieHouse();
  await house.announce({ id: "fan", title: "Fan", properties: { "fan/on": { type: "boolean" } } });
  for (let index = 0; index < 100; index++) {
    await house.say(`e-${index}/$description`, described({ level }), EVIL);
  }
  const linesOf = async (say: (index: number) => Promise<unknown>): Promise<number> => {
    house.lines.length = 0;
    for (let index = 0; index < 600; index++) await say(index);
    return house.lines.length;
  };
  expect(await linesOf((i) => house.say(`e-${i % 100}/light/level/set`, "1", EVIL))).toBe(1);
  expect(await linesOf((i) => house.say(`fan/p-${i}/x`, "1", EVIL))).toBe(1);
  expect(await linesOf((i) => house.say(`e-${i % 100}/$log/warn`, "x", EVIL))).toBe(21);
  await house.clock.advance(60_000);
  expect(await linesOf((i) => house.say(`f-${i}/$description`, "{", EVIL))).toBe(21);
  await house.say("lamp/$description", "{", { username: "lamp" });
  expect(house.lines.at(-1)).toContain('"thing":"lamp"');
});

describe("a device that comes and goes a thousand times", () => {
  async function house(): Promise<HomieHouse> {
    const house = new HomieHouse();
    await house.say("lamp/$state", "init");
    await house.say("lamp/$description", described({ level }));
    await house.say("lamp/$state", "ready");
    await house.say("lamp/light/level", "1");
    return house;
  }

  test("is told of now and then, is never shown ready while it is away, and its last state counts", async () => {
    await using it = await house();
    let told = 0;
    using _watch = it.bus.on("quality", () => void told++);
    for (let index = 0; index < 1_000; index++) {
      await it.say("lamp/$state", index % 2 === 0 ? "lost" : "ready");
      if (index % 2 === 0) expect(it.availability("lamp")).toBe("lost");
    }
    expect(told).toBeLessThanOrEqual(2 * STATE_PACE.device.burst);
    expect(it.availability("lamp")).toBe("lost");
    await it.clock.advance(2_000);
    await it.say("other/$state", "init");
    expect([it.availability("lamp"), it.read("lamp", "light/level")?.quality]).toEqual(["ready", "good"]);
    await it.say("lamp/$state", "lost");
    await it.say("lamp/$state", "ready");
    await it.say("lamp/$state", "lost");
    await it.clock.advance(5_000);
    await it.say("other/$state", "init");
    expect(it.availability("lamp"), "what waited is not news any more").toBe("lost");
  });

  test("and is removed meanwhile does not come back", async () => {
    await using it = await house();
    for (let index = 0; index < 40; index++) await it.say("lamp/$state", index % 2 === 0 ? "lost" : "ready");
    await it.say("lamp/$state", "");
    await it.clock.advance(5_000);
    await it.say("lamp/$description", described({ level }));
    expect(it.availability("lamp")).toBe("init");
  });

  test("shows the first word that is none", async () => {
    await using it = await house();
    let told = 0;
    using _watch = it.bus.on("thing", () => void told++);
    for (let index = 0; index < 100; index++) await it.say("lamp/$state", `word ${index}`);
    expect(told).toBe(1);
    expect(it.registry.get(idOf("lamp"))?.problem).toContain('found "word 0"');
  });
});
