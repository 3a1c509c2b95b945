import type { Cause, Command, CommandId, CommandRequest, Json, PropertyKey, ThingId } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { StoreError } from "../ports/store.ts";
import { DEFAULT_CONFIRM_MS, MAX_CAUSE_DEPTH, RESEND_WITHIN_MS, SEND_GRACE_MS } from "./commands.ts";
import type { Delivery } from "./deliveries.ts";

import { FAN, FAN_THING, HOURS, house, LOG, PULSE, restarted, SLOW, SPEED } from "./testing/fan-house.ts";

describe("a request is refused", () => {
  test.each<[string, Partial<CommandRequest>, string]>([
    ["for a Thing that is not there", { thing: "ghost" as ThingId }, "unknown-thing"],
    ["for a property that is not there", { target: { property: "a/b" as PropertyKey } }, "unknown-property"],
    [
      "for a property named like one of JavaScript's",
      { target: { property: "constructor" as PropertyKey } },
      "unknown-property",
    ],
    ["for an action that is not there", { target: { action: "constructor" } }, "unknown-action"],
    ["for a property that is read only", { target: { property: HOURS } }, "read-only"],
    ["with a value of another type", { value: "5" }, "invalid-value"],
    ["with a value out of range", { value: 11 }, "invalid-value"],
    ["with an input out of range", { target: { action: "move" }, value: -1 }, "invalid-value"],
    [
      "when too many commands led to each other",
      { cause: { commandId: "c0" as CommandId, depth: MAX_CAUSE_DEPTH } },
      "loop",
    ],
  ])("%s", async (_name, request, code) => {
    const { clock, calls, told, commands, kept, submit } = await house();
    const command = await submit(request);
    expect(command).toMatchObject({ state: "refused", code, endedAt: clock.now() });
    expect(command.reason).toBeTruthy();
    expect(told).toEqual([command]);
    expect(commands.get(command.id)).toEqual(command);
    expect([calls, commands.pending, clock.pending, await kept()]).toEqual([[], 0, 0, []]);
  });

  test("when too many are under way", async () => {
    const { commands, transact } = await house({ carrier: "waits" });
    const states: string[] = [];
    await transact((unit) => {
      for (let copy = 0; copy < 2_001; copy++) {
        const request = { thing: FAN, target: { action: "reset" }, value: null, origin: "api:ann" } as const;
        const { state, code } = commands.submit(request, unit);
        states.push(code ?? state);
      }
    });
    expect(states.slice(1_999)).toEqual(["accepted", "too-many"]);
    commands.close();
  });
});

describe("a write", () => {
  test("is kept before it is sent, and confirmed by the first reading that equals it", async () => {
    const { store, clock, calls, told, commands, transact, settle, report, way, kept } = await house();
    let sentTooEarly = -1;
    const committed = store.commits.length;
    await transact((unit) => {
      commands.submit({ thing: FAN, target: { property: SPEED }, value: 5, origin: "api:ann" }, unit);
      sentTooEarly = calls.length;
    });
    expect(sentTooEarly).toBe(0);
    expect(store.commits[committed]).toMatchObject({
      durability: "power",
      operations: [{ table: "commands" }],
    });
    await settle();
    const id = told[0]?.id as CommandId;
    expect(calls).toMatchObject([{ command: { id, value: 5, depth: 1 }, resumed: false }]);
    expect(await kept()).toEqual([id]);
    await clock.advance(1_000);
    await report(5);
    expect(way(id)).toEqual(["accepted", "sent", "confirmed"]);
    expect(commands.get(id)).toMatchObject({ sentAt: clock.now() - 1_000, endedAt: clock.now() });
    expect([commands.pending, clock.pending, await kept()]).toEqual([0, 0, []]);
  });

  test("is rounded to the step, and so is the reading that confirms it", async () => {
    const { calls, write, report, state } = await house();
    const { id } = await write(4.8);
    expect(calls[0]?.command.value).toBe(5);
    await report(5.1);
    expect(state(id)).toBe("confirmed");
  });

  test("of zero is confirmed by a device that says minus zero", async () => {
    const { write, report, state } = await house();
    const { id } = await write(0);
    await report(-0);
    expect(state(id)).toBe("confirmed");
  });

  test("is overridden when the device reports another value up to the deadline", async () => {
    const { clock, commands, write, report, state } = await house();
    const { id } = await write(5);
    await report(4);
    await report(3);
    await clock.advance(DEFAULT_CONFIRM_MS - 1);
    expect(state(id)).toBe("sent");
    await clock.advance(1);
    expect(state(id)).toBe("failed: overridden");
    expect(commands.get(id)?.reason).toBe("the device reports 3 instead");
  });

  test("is confirmed also after other values, and a bad one decides nothing", async () => {
    const { clock, write, report, state } = await house();
    const first = await write(5);
    await report(3);
    await report(5);
    expect(state(first.id)).toBe("confirmed");
    const second = await write(6);
    await report(99);
    await clock.advance(DEFAULT_CONFIRM_MS);
    expect(state(second.id)).toBe("expired: timeout");
  });

  test("expires in silence, whatever other properties say", async () => {
    const { clock, write, report, state, kept } = await house();
    const { id } = await write(5);
    await report(true, SLOW);
    await clock.advance(DEFAULT_CONFIRM_MS);
    expect(state(id)).toBe("expired: timeout");
    expect([clock.pending, await kept()]).toEqual([0, []]);
  });

  test("waits as long as its model says, or as long as the request says", async () => {
    const { clock, write, state } = await house();
    const slow = await write(true, SLOW);
    const hasty = await write(5, SPEED, { timeoutMs: 500 });
    await clock.advance(500);
    expect(state(hasty.id)).toBe("expired: timeout");
    await clock.advance(59_499);
    expect(state(slow.id)).toBe("sent");
    await clock.advance(1);
    expect(state(slow.id)).toBe("expired: timeout");
  });

  test.each([
    ["that takes commands alone", "text", LOG],
    ["that only occurs", true, PULSE],
  ] as const)("to a property %s ends at sent", async (_name, value, property) => {
    const { clock, commands, write, way, kept } = await house();
    const { id } = await write(value, property);
    expect(way(id)).toEqual(["accepted", "sent"]);
    expect(commands.get(id)?.endedAt).toBe(clock.now());
    expect([commands.pending, clock.pending, await kept()]).toEqual([0, 0, []]);
  });

  test("replaces an earlier one of the same property, and of no other", async () => {
    const { write, report, state, kept, clock } = await house();
    const first = await write(5);
    const slow = await write(true, SLOW);
    const second = await write(6);
    expect(state(first.id)).toBe("failed: overridden");
    expect(await kept()).toEqual([second.id, slow.id].sort());
    await report(5);
    expect(state(second.id)).toBe("sent");
    await report(6);
    await report(true, SLOW);
    expect([state(first.id), state(second.id), state(slow.id)]).toEqual([
      "failed: overridden",
      "confirmed",
      "confirmed",
    ]);
    expect(clock.pending).toBe(0);
  });
});

describe("while it is being sent", () => {
  test("a write is confirmed by a reading that overtakes its carrier", async () => {
    const { calls, clock, commands, write, report, way } = await house({ carrier: "waits" });
    const { id } = await write(5);
    await report(5);
    expect(way(id)).toEqual(["accepted", "confirmed"]);
    expect(commands.get(id)?.sentAt).toBe(clock.now());
    calls[0]?.answer({ outcome: "sent" });
    await clock.advance(0);
    expect(way(id)).toEqual(["accepted", "confirmed"]);
    expect(clock.pending).toBe(0);
  });

  test("a write that was replaced stays so, whatever its carrier says", async () => {
    const { calls, settle, write, state } = await house({ carrier: "waits" });
    const first = await write(5);
    const second = await write(6);
    calls[0]?.answer({ outcome: "confirmed" });
    calls[1]?.answer({ outcome: "sent" });
    await settle();
    expect([state(first.id), state(second.id)]).toEqual(["failed: overridden", "sent"]);
  });

  test("a carrier that hangs is given up and told so, and holds no command for ever", async () => {
    const { calls, clock, commands, write, state } = await house({ carrier: "waits" });
    const { id } = await write(5);
    await clock.advance(DEFAULT_CONFIRM_MS + SEND_GRACE_MS - 1);
    expect(state(id)).toBe("accepted");
    await clock.advance(1);
    expect(state(id)).toBe("failed: send-failed");
    expect(commands.get(id)?.reason).toBe("could not be sent within 40 s");
    expect(calls[0]?.signal.aborted).toBe(true);
    expect([commands.pending, clock.pending]).toEqual([0, 0]);
  });
});

describe("the carrier's word", () => {
  test.each<[Delivery, string]>([
    [{ outcome: "confirmed" }, "confirmed"],
    [{ outcome: "rejected", reason: "jammed" }, "failed: rejected"],
    [{ outcome: "sent" }, "sent"],
  ])("%j makes the write %s", async (delivery, state) => {
    const it = await house({ carrier: "waits" });
    const { id } = await it.write(5);
    it.calls[0]?.answer(delivery);
    await it.settle();
    expect(it.state(id)).toBe(state);
    if (delivery.outcome === "rejected") expect(it.commands.get(id)?.reason).toBe("jammed");
  });

  test("a carrier that breaks fails the command with its reason", async () => {
    const { calls, clock, commands, write, settle, state, kept } = await house({ carrier: "waits" });
    const { id } = await write(5);
    calls[0]?.fail(new Error("no serial port"));
    await settle();
    expect(state(id)).toBe("failed: send-failed");
    expect(commands.get(id)?.reason).toBe("no serial port");
    expect([clock.pending, await kept()]).toEqual([0, []]);
  });

  test.each([
    ["reset", undefined, null],
    ["move", 3, 3],
  ])("an action that is %s ends at sent, with its input checked", async (action, value, input) => {
    const { calls, commands, submit, way } = await house();
    const { id } = await submit({ target: { action }, value: (value ?? "ignored") as Json });
    expect(calls[0]?.command.value).toBe(input);
    expect(way(id)).toEqual(["accepted", "sent"]);
    expect(commands.pending).toBe(0);
  });
});

describe("the cause of a reading", () => {
  test("is the command that it answers, and the next command is one deeper", async () => {
    const { bus, write, report } = await house();
    const causes: (Cause | undefined)[] = [];
    bus.on("reading", ({ reading }) => causes.push(reading.cause));
    await report(5);
    const cause: Cause = { commandId: "c0" as CommandId, depth: 3 };
    const { id, depth } = await write(5, SPEED, { cause });
    expect(depth).toBe(4);
    await report(4);
    await report(5);
    await report(5);
    expect(causes).toEqual([undefined, undefined, { commandId: id, depth: 4 }, undefined]);
  });

  test("is the command that the module names, with the depth that the house knows", async () => {
    const { bus, write, report } = await house();
    const causes: (Cause | undefined)[] = [];
    bus.on("reading", ({ reading }) => causes.push(reading.cause));
    const { id } = await write(5);
    await report(5);
    await report(21, HOURS, { commandId: id, depth: 77 });
    await report(22, HOURS, { commandId: "made-up" as CommandId, depth: 77 });
    expect(causes).toEqual([{ commandId: id, depth: 1 }, { commandId: id, depth: 1 }, undefined]);
  });

  test("lets a loop run out", async () => {
    const { bus, transact, commands, write, report } = await house();
    const answers: string[] = [];
    bus.on("reading", ({ reading }, unit) => {
      if (reading.cause === undefined) return;
      const { value } = reading;
      const request = { thing: FAN, target: { property: SPEED }, value: value === 5 ? 6 : 5 } as const;
      const { state, code } = commands.submit(
        { ...request, origin: "rule:loop", cause: reading.cause },
        unit,
      );
      answers.push(code ?? state);
    });
    await write(5);
    for (let turn = 0; turn < MAX_CAUSE_DEPTH + 2; turn++) await report(turn % 2 === 0 ? 5 : 6);
    expect(answers).toEqual([...Array.from({ length: MAX_CAUSE_DEPTH - 1 }, () => "accepted"), "loop"]);
    await transact(() => undefined);
  });
});

test("a command that somebody else carries is written down as sent, and nothing more", async () => {
  const { clock, calls, commands, told, transact, kept } = await house();
  let noted: Command | undefined;
  await transact((unit) => {
    noted = commands.note({ thing: FAN, target: { property: SPEED }, value: 5, origin: "mqtt:ann" }, unit);
  });
  expect(noted).toMatchObject({ state: "sent", sentAt: clock.now(), endedAt: clock.now(), depth: 1 });
  expect(told).toEqual([noted]);
  expect([calls, commands.pending, await kept()]).toEqual([[], 0, []]);
});

describe("after a restart", () => {
  async function written(carrier: "sends" | "waits" = "sends") {
    const before = await house({ carrier });
    const { id } = await before.write(5);
    return { before, id };
  }

  test.each(["sends", "waits"] as const)(
    "an unconfirmed write is sent again, marked as resumed (before: a carrier that %s)",
    async (carrier) => {
      const { before, id } = await written(carrier);
      const after = await restarted(before);
      await after.commands.resume(after.store);
      await after.settle();
      expect(after.calls).toMatchObject([{ command: { id, value: 5, origin: "api:ann" }, resumed: true }]);
      expect(after.way(id)).toEqual(["accepted", "sent"]);
      await after.report(5);
      expect(after.state(id)).toBe("confirmed");
      expect([after.clock.pending, await after.kept()]).toEqual([0, []]);
    },
  );

  test("a row that cannot be read is dropped, and the others are sent", async () => {
    const { before, id } = await written();
    await before.store.commit(
      [{ op: "put", table: "commands", key: "torn", value: { command: null } }],
      "crash",
    );
    const after = await restarted(before);
    await after.commands.resume(after.store);
    await after.settle();
    expect(after.calls).toMatchObject([{ command: { id } }]);
    expect((await after.store.entries("commands")).has("torn")).toBe(false);
  });

  test("it keeps its age over any number of restarts, and is not sent again when it is too old", async () => {
    const { before, id } = await written();
    let now = before;
    for (let age = 0; age < RESEND_WITHIN_MS; age += 60_000) {
      now.commands.close();
      await now.clock.advance(60_000);
      now = await restarted(now);
      await now.commands.resume(now.store);
      await now.settle();
      expect(now.state(id)).toBe("sent");
    }
    now.commands.close();
    await now.clock.advance(1);
    now = await restarted(now);
    await now.commands.resume(now.store);
    expect(now.state(id)).toBe("expired: timeout");
    expect([now.calls, await now.kept()]).toEqual([[], []]);
  });

  test("what the power cut took counts, where both clocks could be believed", async () => {
    const { before, id } = await written();
    before.commands.close();
    before.clock.reboot({ bootId: "boot-2", wall: before.clock.now() + RESEND_WITHIN_MS + 1 });
    const after = await restarted(before);
    await after.commands.resume(after.store);
    expect(after.state(id)).toBe("expired: timeout");
  });

  test("an action is not repeated: nobody knows whether it was carried out", async () => {
    const before = await house({ carrier: "waits" });
    const { id } = await before.submit({ target: { action: "reset" }, value: null });
    const after = await restarted(before);
    await after.commands.resume(after.store);
    await after.settle();
    expect(after.state(id)).toBe("failed: unknown-outcome");
    expect([after.calls, await after.kept()]).toEqual([[], []]);
  });

  test("a write that its Thing does not allow any more fails with the reason", async () => {
    const { before, id } = await written();
    const properties = { [SPEED]: { type: "number", readOnly: true } };
    await before.transact(
      (unit) => void before.registry.announce({ ...FAN_THING, properties }, "module:sim", unit),
    );
    const after = await restarted(before);
    await after.commands.resume(after.store);
    expect(after.state(id)).toBe("failed: read-only");
    expect(await after.kept()).toEqual([]);
  });

  test("what has ended is not taken up", async () => {
    const { before, id } = await written();
    await before.report(5);
    const after = await restarted(before);
    await after.commands.resume(after.store);
    await after.settle();
    expect([after.calls, after.told, after.commands.get(id)]).toEqual([[], [], undefined]);
  });

  test("a later write replaces the resumed one", async () => {
    const { before, id } = await written();
    const after = await restarted(before);
    await after.commands.resume(after.store);
    await after.write(6);
    expect(after.state(id)).toBe("failed: overridden");
  });
});

describe("a device that returns", () => {
  test.each(["lost", "disconnected"] as const)("from %s hears the unconfirmed write again", async (away) => {
    const { calls, clock, write, become, report, state } = await house();
    const { id } = await write(5);
    await become(away);
    await clock.advance(DEFAULT_CONFIRM_MS - 1);
    await become("init");
    await become(away);
    await become("ready");
    expect(calls.map(({ command }) => command.id)).toEqual([id, id]);
    await clock.advance(DEFAULT_CONFIRM_MS - 1);
    expect(state(id)).toBe("sent");
    await report(5);
    expect(state(id)).toBe("confirmed");
    expect(clock.pending).toBe(0);
  });

  test("from sleep hears nothing again", async () => {
    const { calls, write, become } = await house();
    await write(5);
    await become("sleeping");
    await become("ready");
    expect(calls).toHaveLength(1);
  });

  test("hears nothing that it has confirmed, or that was never sent to it", async () => {
    const { calls, write, become, report } = await house({ carrier: "waits" });
    await write(true, SLOW);
    await write(5);
    await report(5);
    await become("lost");
    await become("ready");
    expect(calls).toHaveLength(2);
  });

  test("again and again does not keep a command alive for ever", async () => {
    const { calls, clock, write, become, state } = await house();
    const { id } = await write(5);
    for (let passed = 0; passed < RESEND_WITHIN_MS + 10_000; passed += 9_000) {
      await clock.advance(9_000);
      await become("lost");
      await become("ready");
    }
    expect(state(id)).toBe("expired: timeout");
    expect(calls.length).toBeLessThan(RESEND_WITHIN_MS / 9_000 + 2);
  });

  test("after a restart hears the resumed write again, and its first reading may confirm it", async () => {
    const before = await house();
    const { id } = await before.write(5);
    const after = await restarted(before);
    await after.commands.resume(after.store);
    await after.settle();
    await after.report(4);
    expect(after.calls.map(({ command }) => command.id)).toEqual([id, id]);
    await after.report(5);
    expect(after.state(id)).toBe("confirmed");
  });
});

describe("when the store fails", () => {
  test("a command is sent and confirmed all the same, and nobody acknowledges it", async () => {
    const { store, calls, clock, told, submit, settle, report, way } = await house();
    store.failWith(new StoreError("full", "no space left"));
    await expect(submit()).rejects.toMatchObject({ code: "full" });
    await settle();
    const id = told[0]?.id as CommandId;
    expect(calls).toHaveLength(1);
    await expect(report(5)).rejects.toMatchObject({ code: "full" });
    expect(way(id)).toEqual(["accepted", "sent", "confirmed"]);
    expect(clock.pending).toBe(0);
  });

  test("a deadline ends a command all the same", async () => {
    const { store, clock, write, state } = await house();
    const { id } = await write(5);
    store.failWith(new StoreError("full", "no space left"));
    await clock.advance(DEFAULT_CONFIRM_MS);
    expect(state(id)).toBe("expired: timeout");
  });
});

describe("close", () => {
  test("leaves no timer and no listener, keeps what is under way, and stops the carriers", async () => {
    const { bus, calls, clock, commands, kept, write, told, report } = await house();
    const { id } = await write(5);
    const listeners = bus.size;
    commands.close();
    await clock.advance(0);
    expect(clock.pending).toBe(0);
    expect(bus.size).toBe(listeners - 2);
    await report(5);
    await clock.advance(DEFAULT_CONFIRM_MS);
    expect(told.at(-1)?.state).toBe("sent");
    expect([calls.length, await kept()]).toEqual([1, [id]]);
  });

  test("while a carrier hangs, leaves no timer and decides nothing", async () => {
    const { calls, clock, commands, kept, write, way } = await house({ carrier: "waits" });
    const { id } = await write(5);
    commands.close();
    await clock.advance(0);
    expect([clock.pending, calls[0]?.signal.aborted]).toEqual([0, true]);
    calls[0]?.answer({ outcome: "confirmed" });
    await clock.advance(DEFAULT_CONFIRM_MS + SEND_GRACE_MS);
    expect(way(id)).toEqual(["accepted"]);
    expect(await kept()).toEqual([id]);
  });
});

test("the last ended commands are remembered, and not more", async () => {
  const { commands, transact } = await house();
  const ids: CommandId[] = [];
  await transact((unit) => {
    for (let copy = 0; copy < 501; copy++) {
      ids.push(
        commands.note({ thing: FAN, target: { action: "reset" }, value: null, origin: "mqtt:ann" }, unit).id,
      );
    }
  });
  expect([commands.get(ids[0] as CommandId), commands.get(ids[1] as CommandId)?.state]).toEqual([
    undefined,
    "sent",
  ]);
});
