import fc from "fast-check";
import { expect, test } from "vitest";
import type { QoS } from "../index.ts";
import { settled, TestHouse } from "../testing/house.ts";
import type { RawClient } from "../testing/raw-client.ts";

/** What a client was given: topic, text, QoS and RETAIN. */
type Given = `${string} ${string} ${QoS} ${"r" | "-"}`;

interface ModelSession {
  persistent: boolean;
  here: boolean;
  readonly filters: Map<string, QoS>;
  /** What it is to get when it comes back. */
  queue: Given[];
}

/** The broker as it is described in two pages: no packets, no trees, no store. */
class Model {
  readonly sessions = new Map<string, ModelSession>();
  readonly retained = new Map<string, { text: string; qos: QoS }>();
  /** What is to arrive at whom, for each step. */
  given = new Map<string, Given[]>();

  publish(topic: string, text: string, qos: QoS, retain: boolean): void {
    if (retain && text === "") this.retained.delete(topic);
    else if (retain) this.retained.set(topic, { text, qos });
    for (const [id, session] of this.sessions) {
      const granted = [...session.filters].filter(([filter]) => fits(filter, topic)).map(([, most]) => most);
      if (granted.length === 0) continue;
      const copy = Math.min(qos, Math.max(...granted)) as QoS;
      const message: Given = `${topic} ${text} ${copy} -`;
      if (session.here) this.#give(id, message);
      else if (copy > 0) session.queue.push(message);
    }
  }

  subscribe(id: string, filter: string, qos: QoS): void {
    this.sessions.get(id)?.filters.set(filter, qos);
    for (const [topic, message] of this.retained) {
      if (!fits(filter, topic)) continue;
      this.#give(id, `${topic} ${message.text} ${Math.min(qos, message.qos) as QoS} r`);
    }
  }

  connect(id: string, persistent: boolean, clean: boolean): boolean {
    const earlier = this.sessions.get(id);
    const present = earlier !== undefined && !clean;
    const session = present ? earlier : { persistent, here: true, filters: new Map(), queue: [] };
    session.persistent = persistent;
    session.here = true;
    this.sessions.set(id, session);
    for (const message of session.queue) this.#give(id, message);
    session.queue = [];
    return present;
  }

  leave(id: string): void {
    const session = this.sessions.get(id);
    if (session === undefined) return;
    session.here = false;
    if (!session.persistent) this.sessions.delete(id);
  }

  #give(id: string, message: Given): void {
    const given = this.given.get(id) ?? [];
    given.push(message);
    this.given.set(id, given);
  }
}

/** The definition of §4.7 as a regular expression: slow, and another way than the trees go. */
function fits(filter: string, topic: string): boolean {
  const pattern = filter.split("/").map((level) => (level === "+" ? "[^/]*" : level === "#" ? "#" : level));
  const text = pattern.join("/").replace(/\/#$/, "(/.*)?").replace(/^#$/, ".*");
  return new RegExp(`^${text}$`).test(topic);
}

/** A client that acknowledges what it gets. */
class Device {
  readonly #client: RawClient;
  given: Given[] = [];

  constructor(client: RawClient) {
    this.#client = client;
  }

  get raw(): RawClient {
    return this.#client;
  }

  /** Takes everything that has come, and answers it. @returns whether there was something. */
  take(): boolean {
    const packets = this.#client.drain();
    for (const packet of packets) {
      if (packet.type === "publish") {
        const { packetId, payload, qos, retain, topic } = packet;
        this.given.push(`${topic} ${payload.toString()} ${qos} ${retain ? "r" : "-"}`);
        if (qos === 1) this.#answer("puback", packetId);
        if (qos === 2) this.#answer("pubrec", packetId);
      } else if (packet.type === "pubrel") this.#answer("pubcomp", packet.packetId);
      else if (packet.type === "pubrec") this.#answer("pubrel", packet.packetId);
    }
    return packets.length > 0;
  }

  #answer(type: "puback" | "pubrec" | "pubrel" | "pubcomp", packetId: number): void {
    this.#client.say({ type, packetId, reasonCode: 0, properties: {} });
  }
}

const ids = ["one", "two", "three"] as const;
const id = fc.constantFrom(...ids);
const topic = fc.constantFrom("a", "a/b", "a/c", "b/c", "b/c/d", "");
const filter = fc.constantFrom("a", "a/b", "a/+", "+/c", "a/#", "#", "+", "b/+/d", "/+");
const qos = fc.constantFrom<QoS>(0, 1, 2);

type Step =
  | { do: "connect"; id: string; persistent: boolean; clean: boolean }
  | { do: "leave"; id: string; how: "disconnect" | "cut" }
  | { do: "subscribe"; id: string; filter: string; qos: QoS }
  | { do: "unsubscribe"; id: string; filter: string }
  | { do: "publish"; id: string; topic: string; qos: QoS; retain: boolean; empty: boolean }
  | { do: "gateway"; topic: string; qos: QoS; retain: boolean }
  | { do: "crash" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("connect" as const),
      id,
      persistent: fc.boolean(),
      clean: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("leave" as const),
      id,
      how: fc.constantFrom("disconnect" as const, "cut" as const),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("subscribe" as const), id, filter, qos }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("unsubscribe" as const), id, filter }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      id,
      topic,
      qos,
      retain: fc.boolean(),
      empty: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("gateway" as const), topic, qos, retain: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("crash" as const) }) },
);

test.each([4, 5] as const)("whatever clients do, each gets what the model says (%s)", async (version) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const house = await TestHouse.open();
      const model = new Model();
      const devices = new Map<string, Device>();
      let texts = 0;

      const quiet = async (): Promise<void> => {
        // Nothing is left to do when nobody has heard anything for a while.
        for (let still = 0; still < 2; still++) {
          await settled(4);
          for (const device of devices.values()) if (device.take()) still = -1;
        }
      };
      const leave = async (who: string, how: "disconnect" | "cut"): Promise<void> => {
        const device = devices.get(who);
        if (device === undefined) return;
        devices.delete(who);
        if (how === "cut") device.raw.cut();
        else device.raw.disconnect();
        await settled();
        model.leave(who);
      };

      for (const each of steps) {
        model.given.clear();
        for (const device of devices.values()) device.given = [];
        if (each.do === "crash") {
          for (const who of [...devices.keys()]) {
            devices.delete(who);
            model.leave(who);
          }
          await house.start();
        } else if (each.do === "gateway") {
          if (each.topic === "") continue;
          const text = String(++texts);
          await house.broker.publish({
            topic: each.topic,
            payload: Buffer.from(text),
            qos: each.qos,
            retain: each.retain,
          });
          model.publish(each.topic, text, each.qos, each.retain);
        } else if (each.do === "connect") {
          await leave(each.id, "cut");
          const client = house.dial({ version });
          // 3.1.1 has one flag for both: a session is clean from the start to the end, or neither.
          const clean = version === 4 ? !each.persistent : each.clean;
          const answer = await client.connect(each.id, {
            cleanStart: clean,
            ...(version === 5 && each.persistent && { expiry: 3_600 }),
          });
          devices.set(each.id, new Device(client));
          expect(answer.sessionPresent).toBe(model.connect(each.id, each.persistent, clean));
        } else if (each.do === "leave") {
          await leave(each.id, each.how);
        } else {
          const device = devices.get(each.id);
          if (device === undefined) continue;
          if (each.do === "subscribe") {
            expect(await device.raw.subscribe(each.filter, { qos: each.qos })).toBe(each.qos);
            model.subscribe(each.id, each.filter, each.qos);
          } else if (each.do === "unsubscribe") {
            await device.raw.unsubscribe(each.filter);
            model.sessions.get(each.id)?.filters.delete(each.filter);
          } else if (each.topic !== "") {
            const text = each.empty ? "" : String(++texts);
            device.raw.publish(each.topic, text, { qos: each.qos, retain: each.retain });
            model.publish(each.topic, text, each.qos, each.retain);
          }
        }
        await quiet();
        const filters = [...model.sessions.values()].reduce((sum, session) => sum + session.filters.size, 0);
        expect(house.broker.metrics()).toMatchObject({
          subscriptions: filters,
          retained: model.retained.size,
        });
        for (const [who, device] of devices) {
          const [found, wanted] = [device.given, model.given.get(who) ?? []].map((list) => [...list].sort());
          expect(found, `${who} after ${JSON.stringify(each)}`).toEqual(wanted);
        }
      }
      await quiet();
      for (const device of devices.values()) device.raw.cut();
    }),
    { numRuns: 400 },
  );
});
