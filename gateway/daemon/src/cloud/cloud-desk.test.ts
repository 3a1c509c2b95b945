import type { CloudCommand } from "@tram/core";
import type { PropertyKey } from "@tram/protocol";
import { VirtualClock } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import type { CloudRights } from "./cloud-desk.ts";
import { cloudHouse } from "./testing/cloud-house.ts";

const SPEED = { property: "motor/speed" as PropertyKey };
const RINSE = { action: "rinse" };

async function openHouse(rights: CloudRights, parts: Parameters<typeof cloudHouse>[1] = {}) {
  const house = await cloudHouse(rights, parts);
  house.open();
  return house;
}

describe("what a cloud may do", () => {
  test.each<[string, CloudRights, Partial<CloudCommand>, string]>([
    ["nothing, where nobody has said otherwise", {}, {}, "forbidden"],
    ["nothing, where nothing is named", { commands: [] }, {}, "forbidden"],
    ["all", { commands: "all" }, {}, "accepted"],
    ["a Thing", { commands: ["pump"] }, {}, "accepted"],
    ["one property", { commands: ["pump/motor/on"] }, {}, "accepted"],
    ["and not another", { commands: ["pump/motor/on"] }, { target: SPEED, value: 3 }, "forbidden"],
    ["an action of a whole Thing", { commands: ["pump"] }, { target: RINSE, value: null }, "accepted"],
    [
      "and not with a property of it",
      { commands: ["pump/motor/on"] },
      { target: RINSE, value: null },
      "forbidden",
    ],
    [
      "and not with a property that is called like it",
      { commands: ["pump/rinse/x"] },
      { target: RINSE },
      "forbidden",
    ],
  ])("%s", async (_name, rights, request, expected) => {
    const { ask, delivered, settle } = await openHouse(rights);
    const answer = await ask(request);
    await settle();
    expect(answer.outcome === "refused" ? answer.code : answer.outcome).toBe(expected);
    expect(delivered.length).toBe(expected === "accepted" ? 1 : 0);
  });

  test.each<[string, Partial<CloudCommand>, string]>([
    ["an unknown Thing", { thing: "ghost" }, "unknown-thing"],
    ["what cannot be written", { target: { property: "motor/hours" as PropertyKey }, value: 1 }, "read-only"],
    ["a wrong value", { value: "yes" }, "invalid-value"],
    ["an id that is none", { id: "a b" }, "malformed"],
    ["an endless id", { id: "x".repeat(101) }, "malformed"],
    ["an endless value", { value: "x".repeat(20_000) }, "malformed"],
    ["an endless answer", { context: "x".repeat(2_000) }, "malformed"],
  ])("and never %s", async (_name, request, code) => {
    const { ask, delivered, settle } = await openHouse({ commands: "all" });
    expect(await ask(request)).toMatchObject({ outcome: "refused", code });
    await settle();
    expect(delivered).toEqual([]);
  });

  test("waits until the house is up, and is heard then", async () => {
    const { ask, open, settle, delivered } = await cloudHouse({ commands: "all" });
    const asking = ask();
    await settle();
    expect(delivered).toEqual([]);
    open();
    expect(await asking).toEqual({ outcome: "accepted" });
  });
});

describe("a command that is accepted", () => {
  test("is kept at the strength of a power cut, with what its answer needs", async () => {
    const { ask, store, contexts } = await openHouse({ commands: "all" });
    const before = store.commits.length;
    expect(await ask({ context: { topic: "answers" } })).toEqual({ outcome: "accepted" });
    expect(store.commits[before]).toMatchObject({
      durability: "power",
      operations: expect.arrayContaining([
        expect.objectContaining({ table: "commands" }),
        expect.objectContaining({ table: "cloud-requests", value: { context: { topic: "answers" } } }),
      ]),
    });
    expect(contexts.size).toBe(1);
  });

  test("names its cloud and its request, and waits no longer than it may be old", async () => {
    const { ask, delivered, settle } = await openHouse({ commands: "all", command_ttl_s: 20 });
    await ask();
    await settle();
    expect(delivered).toMatchObject([{ origin: "cloud:up", key: "r-1", ttlMs: 20_000 }]);
  });

  test("finds the place of its answer again after the process was killed", async () => {
    const before = await openHouse({ commands: "all" });
    await before.ask({ context: { topic: "answers" } });
    await before.settle();
    const after = await openHouse({ commands: "all" }, { store: before.store, clock: before.clock });
    await after.commands.resume(after.store);
    await after.wake();
    expect(after.delivered).toMatchObject([{ key: "r-1" }]);
    await after.report(true);
    expect(after.ended).toMatchObject([{ command: { state: "confirmed" }, context: { topic: "answers" } }]);
    expect([after.contexts.size, (await after.store.entries("cloud-requests")).size]).toEqual([0, 0]);
  });

  test("is not sent again after a restart once its time is over", async () => {
    const before = await openHouse({ commands: "all", command_ttl_s: 30 });
    await before.ask();
    await before.settle();
    before.commands.close();
    await before.clock.advance(31_000);
    const after = await openHouse({ commands: "all" }, { store: before.store, clock: before.clock });
    await after.commands.resume(after.store);
    await after.wake();
    expect(after.delivered).toEqual([]);
    expect(after.ended).toMatchObject([{ command: { state: "expired" } }]);
  });

  test("is carried out once, however often it is asked for, and answered the same", async () => {
    const { ask, delivered, report, settle, clock } = await openHouse({ commands: "all" });
    expect(await ask()).toEqual({ outcome: "accepted" });
    expect(await ask()).toEqual({ outcome: "accepted" });
    await settle();
    await report(true);
    const done = { outcome: "done", value: { state: "confirmed", value: true, request: "r-1" } };
    expect(await ask()).toMatchObject(done);
    // A session that is replayed may bring it when it would be far too old.
    await clock.advance(10 * 60_000);
    expect(await ask({ givenAt: clock.now() - 10 * 60_000 })).toMatchObject(done);
    expect(delivered.length).toBe(1);
    expect(await ask({ value: false })).toMatchObject({ outcome: "refused", code: "key-reused" });
  });

  test("of one cloud is not taken for that of another", async () => {
    const one = await openHouse({ commands: "all" });
    await one.ask();
    await one.settle();
    const known = one.commands.known({
      thing: "pump",
      target: { property: "motor/on" },
      value: true,
      origin: "cloud:other",
      key: "r-1",
    } as never);
    expect(known).toBeUndefined();
  });
});

describe("the age of a command", () => {
  test("that is too great refuses it, and says how old it is", async () => {
    const { ask, clock, audited } = await openHouse({ commands: "all" });
    expect(await ask({ givenAt: clock.now() - 90_000 })).toEqual({
      outcome: "refused",
      code: "expired",
      reason: "it is 1 min old, and may be 1 min",
    });
    expect(audited).toMatchObject([
      {
        action: "cloud-refused",
        subject: "pump/motor/on",
        by: "cloud:up",
        detail: expect.stringContaining("expired"),
      },
    ]);
  });

  test("cannot be told by a clock that nobody has set", async () => {
    const clock = new VirtualClock({ trust: "untrusted" });
    const { ask } = await openHouse({ commands: "all" }, { clock });
    expect(await ask({ givenAt: clock.now() })).toMatchObject({
      outcome: "refused",
      code: "expired",
      reason: expect.stringContaining("clock is not set"),
    });
    expect(await ask({ id: "r-2", ttlMs: 5_000 })).toEqual({ outcome: "accepted" });
  });
});

describe("a hostile cloud", () => {
  test("is slowed down, and fills no audit log", async () => {
    const { ask, audited, clock } = await openHouse({ commands: "all" });
    const answers = await Promise.all(
      Array.from({ length: 10_000 }, (_, turn) => ask({ id: `r-${turn}`, thing: `ghost-${turn}` })),
    );
    const codes = answers.map((answer) => (answer.outcome === "refused" ? answer.code : answer.outcome));
    expect(codes.filter((code) => code === "unknown-thing").length).toBe(100);
    expect(codes.filter((code) => code === "busy").length).toBe(9_900);
    expect(audited.length).toBeLessThanOrEqual(30);
    await clock.advance(60_000);
    expect(audited.length).toBeLessThanOrEqual(61);
    expect(audited.at(-1)?.count).toBeGreaterThan(9_000);
    expect(await ask({ id: "later" })).toEqual({ outcome: "accepted" });
  });

  test("gets no firmware into the house, and is told why", async () => {
    const { desk } = await openHouse({ commands: "all" });
    const request = { kind: "firmware", id: "f", version: "2.0", url: "https://x/y" } as const;
    expect(await desk.ask(request)).toMatchObject({ outcome: "refused", code: "not-available" });
  });

  test("manages nothing that it was not given", async () => {
    const { desk, audited } = await openHouse({ commands: "all", manage: ["rules"] });
    const request = { kind: "manage", id: "m", operation: "get" } as const;
    expect(await desk.ask({ ...request, what: "config" })).toMatchObject({ code: "forbidden" });
    expect(await desk.ask({ ...request, what: "rules" })).toMatchObject({ outcome: "done" });
    expect(audited.map(({ action }) => action)).toEqual(["cloud-refused", "cloud-read"]);
  });

  test.each([
    ["put", "config", 5, 60_000],
    ["put", "rules", 10, 6_000],
    ["get", "config", 10, 6_000],
  ] as const)(
    "may %s some texts of %s, %i, and then one each %i ms",
    async (operation, what, burst, everyMs) => {
      const { desk, clock, audited } = await openHouse({ manage: ["config", "rules"] });
      const ask = (id: string) => desk.ask({ kind: "manage", id, what, operation, text: "log: {}" });
      const codes = async () => {
        const answers = await Promise.all(Array.from({ length: burst + 2 }, (_, turn) => ask(`m-${turn}`)));
        return answers.map((answer) => (answer.outcome === "refused" ? answer.code : answer.outcome));
      };
      expect(await codes()).toEqual([...Array(burst).fill("done"), "busy", "busy"]);
      expect(audited).toContainEqual(expect.objectContaining({ action: "cloud-refused", subject: what }));
      await clock.advance(everyMs);
      expect(await codes()).toEqual(["done", ...Array(burst + 1).fill("busy")]);
    },
  );

  test("has so many commands carried out, and then one a second; what is asked again is answered", async () => {
    const { ask, clock, delivered, settle } = await openHouse({ commands: "all" });
    const codes: string[] = [];
    for (let second = 0; second < 60; second++) {
      for (let turn = 0; turn < 20; turn++) {
        const answer = await ask({ id: `c-${second}-${turn}` });
        codes.push(answer.outcome === "refused" ? answer.code : answer.outcome);
      }
      await clock.advance(1_000);
    }
    const accepted = codes.filter((code) => code !== "busy").length;
    expect(accepted).toBe(1_000 + 59);
    expect(codes.filter((code) => code === "busy").length).toBe(141);
    await settle();
    expect(delivered.length).toBeLessThanOrEqual(accepted);
    const last = codes.lastIndexOf("accepted");
    const again = await ask({ id: `c-${Math.floor(last / 20)}-${last % 20}` });
    expect(again.outcome).not.toBe("refused");
  });

  test("puts no endless text", async () => {
    const { desk } = await openHouse({ manage: ["config", "rules"] });
    for (const what of ["config", "rules"] as const) {
      const request = { kind: "manage", id: "m", what, operation: "put" } as const;
      expect(await desk.ask({ ...request, text: "x".repeat(65_537) })).toMatchObject({ code: "malformed" });
      expect(await desk.ask({ ...request, text: "x".repeat(65_536) })).toMatchObject({ outcome: "done" });
    }
  });

  test("is told why in full, and the audit log without values", async () => {
    const answer = { outcome: "refused", code: "invalid-value", reason: 'log.level: found "x"' } as const;
    const manager = { manage: async () => ({ ...answer, detail: "log.level" }) };
    const { desk, audited } = await openHouse({ manage: ["config"] }, { manager });
    const request = { kind: "manage", id: "m", what: "config", operation: "put", text: "" } as const;
    expect(await desk.ask(request)).toEqual(answer);
    expect(audited).toMatchObject([
      { action: "cloud-refused", subject: "config", by: "cloud:up", detail: "invalid-value: log.level" },
    ]);
  });

  test("manages one thing after the other", async () => {
    const order: string[] = [];
    const manager = {
      manage: async ({ id }: { id: string }) => {
        order.push(`${id} begins`);
        for (let turn = 0; turn < 5; turn++) await Promise.resolve();
        order.push(`${id} ends`);
        return { outcome: "done", value: null } as const;
      },
    };
    const { desk } = await openHouse({ manage: ["rules"] }, { manager });
    const request = { kind: "manage", what: "rules", operation: "get" } as const;
    await Promise.all(["a", "b"].map((id) => desk.ask({ ...request, id })));
    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });

  test("is answered also where the house has a bug, and the next one is heard", async () => {
    let broken = true;
    const manager = {
      manage: async () => {
        if (broken) throw new Error("bug");
        return { outcome: "done", value: 1 } as const;
      },
    };
    const { desk } = await openHouse({ manage: ["rules"] }, { manager });
    const request = { kind: "manage", id: "m", what: "rules", operation: "get" } as const;
    expect(await desk.ask(request)).toMatchObject({ outcome: "refused", code: "not-available" });
    broken = false;
    expect(await desk.ask(request)).toEqual({ outcome: "done", value: 1 });
  });

  test("is audited for what was no request at all", async () => {
    const { desk, audited } = await openHouse({});
    desk.turnedAway({ where: "tram/gw/pump/set", code: "retained", reason: "again and again" });
    expect(audited).toMatchObject([{ action: "cloud-refused", subject: "tram/gw/pump/set", by: "cloud:up" }]);
  });
});
