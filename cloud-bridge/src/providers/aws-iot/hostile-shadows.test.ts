import type { CloudDesk, TurnedAway } from "@tram/core";
import { type Json, type JsonObject, jsonEqual } from "@tram/protocol";
import { NO_REQUESTS, VirtualClock } from "@tram/testkit";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { MqttOutgoing } from "../mqtt-connection.ts";
import { mergedSection, type ShadowPath, section, shadowBytes } from "./shadow-document.ts";
import type { ShadowEffect } from "./shadow-effect.ts";
import { ShadowMachine } from "./shadow-machine.ts";
import { ShadowQueues } from "./shadow-queues.ts";
import { ShadowWishes } from "./shadow-wishes.ts";
import { Shadows } from "./shadows.ts";
import { ThingNames } from "./thing-names.ts";
import { AwsTopics } from "./topics.ts";

function members(count: number, name: (index: number) => string, value: Json = 1): JsonObject {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [name(index), value]));
}

/** A machine that has asked for its shadow. */
function machine(local: readonly [ShadowPath, Json][] = [], owned = true) {
  let tokens = 0;
  const tested = new ShadowMachine<number>({ label: "pump", owned, token: () => `t${++tokens}` });
  const effects = tested.connected(local);
  const got = (state: JsonObject): ShadowEffect<number>[] =>
    tested.accepted("get", { version: 1, state, clientToken: tested.awaits ?? "" });
  return { tested, effects, got };
}

/** Carries out updates as AWS does, until there is none. */
function serve(
  tested: ShadowMachine<number>,
  first: readonly ShadowEffect<number>[],
  reported: JsonObject,
): { readonly reported: JsonObject; readonly updates: number } {
  let effects = first;
  let shadow = reported;
  for (let updates = 0; ; updates++) {
    const update = effects.find((effect) => effect.do === "update");
    if (update?.do !== "update") return { reported: shadow, updates };
    const state = section(update.body.state);
    shadow = mergedSection(shadow, section(state.reported));
    expect(shadowBytes({ desired: {}, reported: shadow })).toBeLessThanOrEqual(8_192);
    effects = tested.accepted("update", { version: updates + 2, state, clientToken: update.token });
  }
}

/** Characters of JSON that are written meanwhile. */
function countWritten(): () => number {
  const { stringify } = JSON;
  let written = 0;
  const spy = vi.spyOn(JSON, "stringify").mockImplementation((value: unknown) => {
    const text = stringify(value);
    written += text.length;
    return text;
  });
  onTestFinished(() => spy.mockRestore());
  return () => written;
}

const TOO_LARGE = { do: "later", code: "too-large" };

describe("a shadow", () => {
  const local = Array.from({ length: 60 }, (_, index): [ShadowPath, Json] => [["motor", `p${index}`], "on"]);
  const house = { motor: members(60, (index) => `p${index}`, "on") };

  it.each([
    ["members", members(800, (index) => `k${index}`)],
    ["members of one node", { other: members(900, (index) => `k${index}`) }],
  ])(
    "full of %s that nobody knows is cleared in a few updates, without counting it for each",
    (_name, reported) => {
      expect(shadowBytes({ desired: {}, reported })).toBeLessThan(8_192);
      const { tested, got } = machine(local);
      const written = countWritten();
      const result = serve(tested, got({ reported }), reported);
      expect(Object.entries(result.reported).filter(([, inner]) => !jsonEqual(inner, {}))).toEqual(
        Object.entries(house),
      );
      expect(result.updates).toBeLessThan(8);
      expect(written()).toBeLessThan(1_000_000);
    },
  );

  it("that is full tells of each value without room that it has none, without counting it for each", () => {
    const desired = members(1, () => "welcome", "x".repeat(8_100));
    const written = countWritten();
    const { tested, got } = machine(local, false);
    expect(got({ desired })).toMatchObject([{ do: "update" }]);
    for (let ticket = 0; ticket < 200; ticket++) tested.report(["text", `t${ticket}`], "on", ticket);
    const settled = tested
      .accepted("update", { version: 2, clientToken: tested.awaits ?? "" })
      .flatMap((effect) =>
        effect.do === "settle" && effect.outcome.outcome === "misfit" ? effect.tickets : [],
      );
    expect(settled).toHaveLength(200);
    expect(written()).toBeLessThan(400_000);
  });

  it.each([
    ["reported", members(3_000, (index) => `k${index}`)],
    ["desired", members(2, (index) => `k${index}`, "x".repeat(9_000))],
    ["delta", members(6_000, (index) => `k${index}`)],
  ])("whose %s is larger than AWS lets one be is not looked at, and read again later", (part, state) => {
    const { tested, got } = machine([[["motor", "power"], true]]);
    expect(got({ [part]: state })).toMatchObject([TOO_LARGE]);
    expect([tested.awaits, tested.report(["motor", "power"], false, 1)]).toMatchObject([
      undefined,
      [{ do: "settle", outcome: { outcome: "misfit" } }],
    ]);
    expect(tested.wake()).toMatchObject([{ do: "get" }]);
    expect(got({})).toMatchObject([
      { do: "update", body: { state: { reported: { motor: { power: false } } } } },
    ]);
  });

  it.each(["delta", "update"] as const)(
    "whose %ss add up without end is forgotten, and read again",
    (kind) => {
      const { tested, got } = machine();
      got({});
      let version = 1;
      const say = (): ShadowEffect<number>[] => {
        const state = { [`u${++version}`]: "x".repeat(6_000) };
        return kind === "delta"
          ? tested.delta({ version, state })
          : tested.accepted("update", { version, state: { desired: state } });
      };
      expect(say().find((effect) => effect.do === "later")).toBeUndefined();
      say();
      expect(say()).toMatchObject([TOO_LARGE]);
      expect(say()).toEqual([]);
      // What was under way of a refusal is answered first.
      tested.accepted("update", { version: 9, clientToken: tested.awaits ?? "" });
      expect(tested.wake()).toMatchObject([{ do: "get" }]);
    },
  );
});

describe("what is to leave a shadow", () => {
  it("is bounded, and nobody who waits is forgotten", () => {
    const queues = new ShadowQueues<number>();
    for (let index = 0; index < 400; index++) queues.take([`w${index}`], 1);
    expect(queues.takings.size).toBe(256);
    queues.take(["a", "b"], 1, [7]);
    queues.take(["w0"], 2, [8]);
    expect([queues.takings.size, queues.dropTickets()]).toEqual([257, [8, 7]]);
  });

  it("does not outlive the connection: the shadow says it again", () => {
    const { tested, got } = machine([], false);
    got({});
    tested.report(["a", "b"], 1, 1);
    tested.delta({ version: 2, state: { w1: 1 } });
    tested.lost("cut");
    tested.connected([]);
    expect(got({ desired: { w1: 1 }, reported: { w1: 1 } })).toEqual([]);
  });
});

it("wishes that are over are forgotten where their values fill the memory", () => {
  const wishes = new ShadowWishes("pump");
  const refuse = (index: number): void => {
    const wish = { path: ["motor", `p${index}`], value: "x".repeat(16_000), at: index };
    expect(wishes.read([wish], () => undefined)).toEqual([]);
    for (const { id } of wishes.take()) {
      wishes.answered(id, { outcome: "refused", code: "forbidden", reason: "no" });
    }
  };
  for (let index = 0; index < 20; index++) refuse(index);
  // Were it known, it would be over at once.
  refuse(0);
});

describe("a cloud that speaks about the shadow of a Thing", () => {
  async function house() {
    const clock = new VirtualClock();
    const names = new ThingNames("gw");
    const topics = new AwsTopics(names.gateway);
    const shadows = new Shadows({ names, topics, children: "named", clock, refuse: () => undefined });
    const posted: MqttOutgoing[] = [];
    const turnedAway: TurnedAway[] = [];
    const desk: CloudDesk = {
      ...NO_REQUESTS,
      things: () => [{ id: "pump", title: "pump", available: true }],
      turnedAway: (what) => turnedAway.push(what),
    };
    let tokens = 0;
    const post = async (outgoing: MqttOutgoing) => {
      posted.push(outgoing);
      return { outcome: "acknowledged" } as const;
    };
    shadows.connected({ desk, token: () => `t${++tokens}`, requests: { post } });
    await clock.advance(1);
    const asked = () => posted.filter(({ topic }) => topic.includes("--pump"));
    const latest = (): string => JSON.parse(String(asked().at(-1)?.payload)).clientToken;
    const say = (operation: "get" | "update", message: JsonObject): void => {
      const heard = {
        kind: "shadow",
        shadow: { thing: "gw--pump", name: "gw" },
        operation,
        result: "accepted",
      } as const;
      shadows.hear(heard, Buffer.from(JSON.stringify({ version: 1, state: {}, ...message })));
    };
    return { clock, asked, latest, say, turnedAway };
  }

  it("with what is too large is asked again less and less often, and that is told", async () => {
    const { clock, asked, latest, say, turnedAway } = await house();
    for (let second = 0; second < 120; second++) {
      say("get", { state: { reported: members(3_000, (index) => `k${index}`) }, clientToken: latest() });
      await clock.advance(1_000);
    }
    expect(asked().length).toBeLessThan(10);
    expect(turnedAway.length).toBeLessThan(10);
    expect(turnedAway[0]).toMatchObject({ where: "shadow of pump", code: "too-large" });
  });

  it("with our token anywhere but where it belongs is read a few times, and the answer is taken", async () => {
    const { asked, latest, say } = await house();
    const before = asked().length;
    const read = vi.spyOn(JSON, "parse");
    onTestFinished(() => read.mockRestore());
    const token = latest();
    for (let turn = 0; turn < 10; turn++) say("get", { state: { [token]: 1 }, clientToken: "other" });
    say("get", { state: { reported: { old: 1 } }, clientToken: token });
    expect(asked()).toHaveLength(before + 1);
    read.mockClear();
    const next = latest();
    read.mockClear();
    for (let turn = 0; turn < 1_000; turn++) say("update", { state: { desired: { [next]: 1 } } });
    expect(read.mock.calls.length).toBeLessThan(40);
  });
});
