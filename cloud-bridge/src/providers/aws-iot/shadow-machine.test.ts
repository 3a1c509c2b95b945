import type { CloudAnswer } from "@tram/core";
import { type Json, type JsonObject, jsonEqual } from "@tram/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergedSection, type ShadowPath, section, shadowBytes, valueAt } from "./shadow-document.ts";
import type { ReportOutcome, ShadowEffect } from "./shadow-effect.ts";
import { ShadowMachine } from "./shadow-machine.ts";

/** The shadow service as the developer guide describes it, for one shadow. */
class Service {
  version = 0;
  desired: JsonObject = {};
  reported: JsonObject = {};
  readonly times = new Map<string, number>();
  readonly updates: JsonObject[] = [];

  get(): { ok: true; message: JsonObject } | { ok: false; code: number } {
    if (this.version === 0) return { ok: false, code: 404 };
    const { version, desired, reported } = this;
    const delta = this.#delta();
    return {
      ok: true,
      message: {
        version,
        state: { desired, reported, ...(delta === undefined ? {} : { delta }) },
        metadata: { desired: this.#metadata(desired) },
      },
    };
  }

  update(
    body: JsonObject,
  ): { ok: true; message: JsonObject; delta?: JsonObject } | { ok: false; code: number } {
    const state = section(body.state);
    if (typeof body.version === "number" && body.version !== this.version) return { ok: false, code: 409 };
    const desired = mergedSection(this.desired, section(state.desired));
    const reported = mergedSection(this.reported, section(state.reported));
    if (shadowBytes({ desired, reported }) > 8_192) return { ok: false, code: 413 };
    this.updates.push(body);
    Object.assign(this, { desired, reported, version: this.version + 1 });
    const delta = this.#delta();
    const { version } = this;
    return {
      ok: true,
      message: { state, version },
      ...(delta === undefined ? {} : { delta: { version, state: delta, metadata: this.#metadata(delta) } }),
    };
  }

  /** The cloud's own side. */
  desire(path: ShadowPath, value: Json, at: number): ReturnType<Service["update"]> {
    this.times.set(path.join("/"), at);
    const [node = "", property = ""] = path;
    return this.update({ state: { desired: { [node]: { [property]: value } } } });
  }

  #delta(): JsonObject | undefined {
    const differing = Object.entries(this.desired).flatMap(([node, properties]): [string, Json][] => {
      const inner = Object.entries(section(properties)).filter(
        ([property, value]) => !jsonEqual(valueAt(this.reported, [node, property]), value),
      );
      return inner.length === 0 ? [] : [[node, Object.fromEntries(inner)]];
    });
    return differing.length === 0 ? undefined : Object.fromEntries(differing);
  }

  #metadata(tree: JsonObject): JsonObject {
    return Object.fromEntries(
      Object.entries(tree).map(([node, properties]) => [
        node,
        Object.fromEntries(
          Object.keys(section(properties)).map((property) => [
            property,
            { timestamp: this.times.get(`${node}/${property}`) ?? 0 },
          ]),
        ),
      ]),
    );
  }
}

type Effect = ShadowEffect<number>;

/** A machine with its service; what crosses the line waits until the test lets it through. */
class World {
  readonly service = new Service();
  readonly local = new Map<string, Json>();
  readonly settled = new Map<number, ReportOutcome["outcome"]>();
  readonly asked: { id: string; path: ShadowPath; value: Json }[] = [];
  readonly refused: ShadowPath[] = [];
  readonly requests: (Effect & { do: "get" | "update" })[] = [];
  waits = 0;
  tickets = 0;
  #tokens = 0;
  machine = this.#make();

  #make(): ShadowMachine<number> {
    return new ShadowMachine<number>({ label: "farm--pump", owned: true, token: () => `t${this.#tokens++}` });
  }

  restart(): void {
    this.requests.length = 0;
    this.machine = this.#make();
  }

  do(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.do === "get" || effect.do === "update") this.requests.push(effect);
      else if (effect.do === "ask") this.asked.push(effect.wish);
      else if (effect.do === "refuse") this.refused.push(effect.wish.path);
      else if (effect.do === "later") this.waits++;
      else
        for (const ticket of effect.tickets) {
          if (this.settled.has(ticket)) throw new Error(`ticket ${ticket} was settled twice`);
          this.settled.set(ticket, effect.outcome.outcome);
        }
    }
    if (this.requests.length > 1) throw new Error("two requests at once");
  }

  connect(): void {
    this.do(this.machine.connected([...this.local].map(([key, value]) => [key.split("/"), value])));
  }

  lose(): void {
    this.requests.length = 0;
    this.do(this.machine.lost("cut"));
  }

  report(path: string, value: Json): number {
    this.local.set(path, value);
    const ticket = this.tickets++;
    this.do(this.machine.report(path.split("/"), value, ticket));
    return ticket;
  }

  desire(path: string, value: Json, at: number): void {
    const result = this.service.desire(path.split("/"), value, at);
    if (!result.ok) return;
    this.do(this.machine.accepted("update", result.message));
    if (result.delta !== undefined) this.do(this.machine.delta(result.delta));
  }

  /** Lets one request through, or fails it. */
  serve(fault?: number | "silence"): boolean {
    const request = this.requests.shift();
    if (request === undefined) return false;
    const { token } = request;
    if (fault === "silence") this.do(this.machine.unanswered(token));
    else if (fault !== undefined) this.do(this.machine.rejected(token, fault, "injected"));
    else if (request.do === "get") {
      const got = this.service.get();
      if (got.ok) this.do(this.machine.accepted("get", { ...got.message, clientToken: token }));
      else this.do(this.machine.rejected(token, got.code, "none"));
    } else {
      const result = this.service.update(request.body);
      if (!result.ok) this.do(this.machine.rejected(token, result.code, "no"));
      else {
        this.do(this.machine.accepted("update", { ...result.message, clientToken: token }));
        if (result.delta !== undefined) this.do(this.machine.delta(result.delta));
      }
    }
    return true;
  }

  quiet(): void {
    for (let round = 0; round < 200; round++) {
      if (this.serve()) continue;
      if (this.waits === 0) return;
      this.waits = 0;
      this.do(this.machine.wake());
    }
    throw new Error("it never comes to rest");
  }

  answer(id: string, answer: CloudAnswer): void {
    this.do(this.machine.answered(id, answer));
  }

  end(wish: { id: string; path: ShadowPath; value: Json }, fulfilled: boolean): number {
    const ticket = this.tickets++;
    if (fulfilled) this.local.set(wish.path.join("/"), wish.value);
    this.do(this.machine.ended(wish, { fulfilled, readBack: false }, ticket));
    return ticket;
  }
}

const accepted: CloudAnswer = { outcome: "accepted" };

describe("a shadow after an outage", () => {
  it("is created when there is none, in one update", () => {
    const world = new World();
    world.local.set("motor/power", true).set("motor/speed", 3);
    world.connect();
    world.quiet();
    expect(world.service.reported).toEqual({ motor: { power: true, speed: 3 } });
    expect(world.service.updates).toHaveLength(1);
  });

  it("gets differences alone, and nothing where there are none", () => {
    const world = new World();
    world.service.update({ state: { reported: { motor: { power: true, speed: 3 }, old: { gone: 1 } } } });
    world.local.set("motor/power", true).set("motor/speed", 4);
    world.connect();
    world.quiet();
    expect(world.service.updates.slice(1).map(({ state }) => state)).toEqual([
      { reported: { motor: { speed: 4 }, old: { gone: null } } },
    ]);
    world.lose();
    world.connect();
    world.quiet();
    expect(world.service.updates).toHaveLength(2);
  });

  it("is split where one update cannot hold it, and what can never fit is told", () => {
    const world = new World();
    for (let index = 0; index < 6; index++) world.local.set(`text/t${index}`, "x".repeat(1_300));
    world.connect();
    world.quiet();
    expect(world.service.updates.length).toBeGreaterThan(1);
    expect(Object.keys(section(world.service.reported.text))).toHaveLength(6);
    const ticket = world.report("text/more", "y".repeat(1_300));
    world.quiet();
    expect(world.settled.get(ticket)).toBe("misfit");
    expect(world.settled.get(world.report("text/deep", [[[[[1]]]]]))).toBe("misfit");
    const small = world.report("text/t0", "z");
    world.quiet();
    expect([world.settled.get(small), valueAt(world.service.reported, ["text", "t0"])]).toEqual([
      "acknowledged",
      "z",
    ]);
  });
});

describe("a wish of the cloud", () => {
  const connected = (): World => {
    const world = new World();
    world.local.set("motor/power", false);
    world.connect();
    world.quiet();
    return world;
  };

  it("is asked once, carried out, reported, and leaves the shadow", () => {
    const world = connected();
    world.desire("motor/power", true, 100);
    expect(world.asked).toMatchObject([{ path: ["motor", "power"], value: true, at: 100 }]);
    const [wish] = world.asked;
    if (wish === undefined) return;
    world.answer(wish.id, accepted);
    const ticket = world.end(wish, true);
    world.quiet();
    expect(world.settled.get(ticket)).toBe("acknowledged");
    expect([world.service.reported, world.service.desired]).toEqual([
      { motor: { power: true } },
      { motor: {} },
    ]);
    expect(world.asked).toHaveLength(1);
  });

  it("is the same one after a cut and after a restart", () => {
    const world = connected();
    world.desire("motor/power", true, 100);
    world.report("motor/speed", 3);
    world.quiet();
    world.lose();
    world.connect();
    world.quiet();
    expect(world.asked).toHaveLength(1);
    world.restart();
    world.connect();
    world.quiet();
    expect(world.asked).toHaveLength(2);
    expect(new Set(world.asked.map(({ id }) => id)).size).toBe(1);
  });

  it("that is refused is taken back, told, and does not come again", () => {
    const world = connected();
    world.desire("motor/power", true, 100);
    world.answer(world.asked[0]?.id ?? "", { outcome: "refused", code: "forbidden", reason: "no" });
    world.quiet();
    expect([world.refused, world.service.desired]).toEqual([[["motor", "power"]], { motor: {} }]);
    world.lose();
    world.connect();
    world.quiet();
    world.restart();
    world.connect();
    world.quiet();
    expect(world.asked).toHaveLength(1);
  });

  it("that is newer is never taken back with the one before", () => {
    const world = connected();
    world.desire("motor/power", true, 100);
    world.desire("motor/power", 5, 101);
    const [first] = world.asked;
    if (first === undefined) return;
    world.end(first, false);
    world.quiet();
    expect(valueAt(world.service.desired, ["motor", "power"])).toBe(5);
    expect(world.asked.map(({ value }) => value)).toEqual([true, 5]);
  });

  it("that is the same as one before the last is not taken back with that one", () => {
    const world = connected();
    for (const [value, at] of [
      [3, 100],
      [4, 101],
      [3, 102],
    ] as const) {
      world.desire("motor/speed", value, at);
    }
    const [first] = world.asked;
    if (first === undefined) return;
    world.end(first, false);
    world.quiet();
    expect(valueAt(world.service.desired, ["motor", "speed"])).toBe(3);
    expect(new Set(world.asked.map(({ id }) => id)).size).toBe(world.asked.length);
  });

  it("that was written while the old one is taken back survives the conflict", () => {
    const world = connected();
    world.desire("motor/power", true, 100);
    world.answer(world.asked[0]?.id ?? "", { outcome: "refused", code: "forbidden", reason: "no" });
    // The update that takes it back is under way; nobody has heard of the new wish.
    world.service.desire(["motor", "power"], 7, 101);
    world.quiet();
    expect(world.asked.map(({ value }) => value)).toEqual([true, 7]);
    expect(valueAt(world.service.desired, ["motor", "power"])).toBe(7);
  });

  it("is held back while the house is busy, and the latest is asked then", () => {
    const world = connected();
    world.desire("motor/power", true, 100);
    world.answer(world.asked[0]?.id ?? "", { outcome: "refused", code: "busy", reason: "busy" });
    for (let at = 101; at < 10_101; at++) world.desire("motor/power", at, at);
    expect(world.asked).toHaveLength(1);
    world.quiet();
    expect(world.asked.map(({ value }) => value)).toEqual([true, 10_100]);
  });

  it("on, off and on again within one second are three wishes", () => {
    const world = connected();
    for (const value of [1, 2, 1]) {
      world.desire("motor/speed", value, 100);
      const wish = world.asked.at(-1);
      if (wish !== undefined) world.answer(wish.id, accepted);
    }
    expect(new Set(world.asked.map(({ id }) => id)).size).toBe(3);
  });

  it("that had failed before a restart is answered so, and told", () => {
    const world = connected();
    world.desire("motor/power", true, 100);
    const result = { command: "c", state: "failed", code: "overridden", reason: "another value" };
    world.answer(world.asked[0]?.id ?? "", { outcome: "done", value: result });
    world.quiet();
    expect([world.refused, world.service.desired]).toEqual([[["motor", "power"]], { motor: {} }]);
    expect(world.service.reported).toEqual({ motor: { power: false } });
  });

  it("for what is no property is refused", () => {
    const world = connected();
    const delta = { version: 50, state: { welcome: "aws-iot", motor: { "A b": 1 } }, metadata: {} };
    world.do(world.machine.delta(delta));
    expect([world.asked, world.refused]).toEqual([[], [["welcome"], ["motor", "A b"]]]);
  });

  it("does not undo what the house has decided since it was fulfilled", () => {
    const world = connected();
    world.desire("motor/power", true, 100);
    const [wish] = world.asked;
    if (wish === undefined) return;
    world.answer(wish.id, { outcome: "done", value: null });
    world.requests.length = 0;
    world.lose();
    world.local.set("motor/power", false);
    world.connect();
    world.quiet();
    expect(world.asked).toHaveLength(1);
    expect([world.service.reported, world.service.desired]).toEqual([
      { motor: { power: false } },
      { motor: {} },
    ]);
  });
});

it("a wish that the house has come to by itself, before it was asked, leaves the shadow", () => {
  const world = new World();
  world.connect();
  world.desire("b/x", true, 1);
  world.desire("a/x", true, 2);
  world.serve();
  world.desire("a/y", 1, 3);
  world.report("a/y", 1);
  world.quiet();
  for (let next = 0; next < world.asked.length; next++) {
    const wish = world.asked[next];
    if (wish === undefined) break;
    world.answer(wish.id, accepted);
    world.end(wish, true);
    world.quiet();
  }
  expect(world.service.desired).toEqual({ a: {}, b: {} });
});

describe("what AWS refuses", () => {
  it("for want of rights goes another way, and is tried again", () => {
    const world = new World();
    world.connect();
    world.serve(403);
    expect(world.settled.get(world.report("motor/power", true))).toBe("misfit");
    expect(world.waits).toBe(1);
    world.quiet();
    expect(world.service.reported).toEqual({ motor: { power: true } });
  });

  it("as a bad request is found one by one", () => {
    const world = new World();
    world.local.set("a/a", 1).set("a/b", 2);
    world.connect();
    world.serve();
    const ticket = world.report("a/c", 3);
    world.serve(400);
    for (let one = 0; one < 3; one++) {
      const [request] = world.requests;
      const state = request?.do === "update" ? section(section(request.body.state).reported) : {};
      expect(Object.keys(section(state.a))).toHaveLength(1);
      world.serve(valueAt(state, ["a", "a"]) === undefined ? undefined : 400);
    }
    world.quiet();
    expect([world.service.reported, world.settled.get(ticket)]).toEqual([
      { a: { b: 2, c: 3 } },
      "acknowledged",
    ]);
  });
});

describe("whatever happens", () => {
  const path = fc.constantFrom("a/x", "a/y", "b/x");
  const value = fc.constantFrom<Json>(true, false, 1, 2, { k: 1 }, { k: 2, l: 3 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant("report" as const), path, value }),
    fc.record({ kind: fc.constant("desire" as const), path, value: fc.constantFrom<Json>(true, false, 1) }),
    fc.record({ kind: fc.constant("serve" as const) }),
    fc.record({
      kind: fc.constant("fault" as const),
      fault: fc.constantFrom<number | "silence">(409, 429, 500, 403, "silence"),
    }),
    fc.record({ kind: fc.constant("cut" as const), restart: fc.boolean() }),
    fc.record({ kind: fc.constant("end" as const), fulfilled: fc.boolean() }),
  );

  it("in the end the cloud has what the house has, every report is settled once, and no wish stays", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = new World();
        world.connect();
        let at = 100;
        let answered = 0;
        const end = (fulfilled: boolean): boolean => {
          const wish = world.asked[answered];
          if (wish === undefined) return false;
          answered++;
          world.answer(wish.id, accepted);
          world.end(wish, fulfilled);
          return true;
        };
        for (const action of steps) {
          if (action.kind === "report") world.report(action.path, action.value);
          else if (action.kind === "desire") world.desire(action.path, action.value, at++);
          else if (action.kind === "serve") world.serve();
          else if (action.kind === "fault") world.serve(action.fault);
          else if (action.kind === "end") end(action.fulfilled);
          else {
            world.lose();
            if (action.restart) world.restart();
            world.connect();
          }
        }
        do world.quiet();
        while (end(true));
        const nodes = new Map<string, [string, Json][]>();
        for (const [key, kept] of world.local) {
          const [node = "", property = ""] = key.split("/");
          nodes.set(node, [...(nodes.get(node) ?? []), [property, kept]]);
        }
        for (const [node, properties] of nodes) {
          expect(world.service.reported[node]).toEqual(Object.fromEntries(properties));
        }
        expect(Object.values(world.service.desired).every((inner) => jsonEqual(inner, {}))).toBe(true);
        expect(world.settled.size).toBe(world.tickets);
      }),
      { numRuns: 500 },
    );
  });
});
