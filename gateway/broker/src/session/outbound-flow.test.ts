import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KeptDelivery } from "./delivery.ts";
import { OutboundFlow, type OutboundLimits, type OutboundPacket } from "./outbound-flow.ts";

const NOW = 1_000;
const LIMITS: OutboundLimits = { messages: 100, bytes: 10_000 };

function flowOf(limits: Partial<OutboundLimits> = {}): OutboundFlow<string> {
  return new OutboundFlow({ limits: { ...LIMITS, ...limits } });
}

function offer(flow: OutboundFlow<string>, qos: 1 | 2, ...messages: string[]): void {
  for (const message of messages) flow.offer(message, { qos, bytes: 10 });
}

/** Everything that may be sent now, as `publish a`, `again a`, `pubrel 1`. */
function sent(flow: OutboundFlow<string>, now = NOW): string[] {
  const packets: string[] = [];
  for (;;) {
    const packet = flow.next(now);
    if (packet === undefined) return packets;
    if (packet.send === "pubrel") packets.push(`pubrel ${packet.id}`);
    else packets.push(`${packet.dup ? "again" : "publish"} ${packet.delivery.message}`);
  }
}

describe("what is sent", () => {
  test("nothing while the client is away; then in the order in which it came", () => {
    const flow = flowOf();
    offer(flow, 1, "a", "b", "c");
    expect(sent(flow)).toEqual([]);
    flow.connected(10);
    expect(sent(flow)).toEqual(["publish a", "publish b", "publish c"]);
  });

  test("[MQTT-3.3.4-9] never more at once than the client takes", () => {
    const flow = flowOf();
    offer(flow, 1, "a", "b", "c");
    offer(flow, 2, "d");
    flow.connected(2);
    expect(sent(flow)).toEqual(["publish a", "publish b"]);
    expect(flow.acknowledge("puback", 1)).toBe(true);
    expect(sent(flow)).toEqual(["publish c"]);
    flow.acknowledge("puback", 2);
    flow.acknowledge("puback", 3);
    expect(sent(flow)).toEqual(["publish d"]);
    offer(flow, 1, "e", "f");
    flow.received(4);
    expect(sent(flow), "an exchange of QoS 2 counts until its end").toEqual(["publish e"]);
    flow.complete(4);
    expect(sent(flow)).toEqual(["publish f"]);
  });

  test("[MQTT-4.4.0-1] what was not acknowledged is sent again, first and in its order", () => {
    const flow = flowOf();
    offer(flow, 1, "a");
    offer(flow, 2, "b", "c");
    flow.connected(10);
    sent(flow);
    flow.received(2);
    flow.disconnected();
    offer(flow, 1, "d");
    flow.connected(2);
    expect(sent(flow)).toEqual(["again a", "pubrel 2"]);
    flow.complete(2);
    expect(sent(flow)).toEqual(["again c"]);
    flow.acknowledge("puback", 1);
    expect(sent(flow)).toEqual(["publish d"]);
  });

  test("[MQTT-3.3.2-5] what has expired is not begun, and is counted; what was begun goes on", () => {
    const flow = flowOf();
    flow.offer("old", { qos: 1, bytes: 10, expiresAt: NOW - 1 });
    flow.offer("begun", { qos: 1, bytes: 10, expiresAt: NOW + 5 });
    flow.connected(10);
    expect(sent(flow)).toEqual(["publish begun"]);
    flow.disconnected();
    flow.connected(10);
    expect(sent(flow, NOW + 10)).toEqual(["again begun"]);
    expect([flow.expired, flow.size]).toEqual([1, 1]);
  });
});

describe("answers", () => {
  test("that nothing waits for are told, and change nothing", () => {
    const flow = flowOf();
    offer(flow, 1, "a");
    offer(flow, 2, "b");
    flow.connected(10);
    sent(flow);
    expect(flow.acknowledge("puback", 2), "PUBACK for QoS 2").toBe(false);
    expect(flow.received(1), "PUBREC for QoS 1").toBe(false);
    expect(flow.complete(2), "PUBCOMP before PUBREC").toBe(false);
    expect([flow.acknowledge("puback", 9), flow.received(9), flow.complete(9)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(flow.received(2)).toBe(true);
    expect(flow.received(2), "PUBREC twice").toBe(true);
    expect(flow.acknowledge("refusing pubrec", 2), "too late to refuse").toBe(false);
    expect(flow.size).toBe(2);
  });

  test("a PUBREC that refuses ends the message", () => {
    const flow = flowOf();
    offer(flow, 2, "a", "b");
    flow.connected(1);
    sent(flow);
    expect(flow.acknowledge("refusing pubrec", 1)).toBe(true);
    expect(sent(flow)).toEqual(["publish b"]);
  });
});

describe("the quota", () => {
  test("is kept by dropping the oldest that wait, which is counted", () => {
    const flow = flowOf({ bytes: 30 });
    offer(flow, 1, "a", "b", "c", "d");
    expect([flow.size, flow.bytes, flow.dropped]).toEqual([3, 30, 1]);
    flow.connected(10);
    expect(sent(flow)).toEqual(["publish b", "publish c", "publish d"]);
  });

  test("holds for the number of messages too", () => {
    const flow = flowOf({ messages: 2 });
    offer(flow, 1, "a", "b", "c");
    flow.connected(10);
    expect(sent(flow)).toEqual(["publish b", "publish c"]);
  });

  test("does not take what is under way: then the new one is dropped", () => {
    const flow = flowOf({ messages: 2 });
    offer(flow, 1, "a", "b");
    flow.connected(10);
    sent(flow);
    expect(flow.offer("c", { qos: 1, bytes: 10 })).toBe(false);
    expect(flow.offer("large", { qos: 1, bytes: 20_000 })).toBe(false);
    expect([flow.size, flow.dropped]).toEqual([2, 2]);
  });
});

describe("what must be kept first", () => {
  test("is not sent before it is admitted, nor when it is withdrawn, and counts against the quota meanwhile", () => {
    const flow = flowOf({ messages: 2 });
    flow.connected(10);
    const kept = flow.prepare("a", { qos: 1, bytes: 10 });
    const lost = flow.prepare("b", { qos: 1, bytes: 10 });
    expect(flow.prepare("c", { qos: 1, bytes: 10 })).toBeUndefined();
    if (kept === undefined || lost === undefined) throw new Error("no room");
    expect(sent(flow)).toEqual([]);
    flow.withdraw(lost);
    flow.admit(kept);
    expect(sent(flow)).toEqual(["publish a"]);
    expect([flow.size, flow.bytes]).toEqual([1, 10]);
  });

  test("and has ended when the session was cleared meanwhile", () => {
    const flow = flowOf();
    flow.connected(10);
    const delivery = flow.prepare("a", { qos: 1, bytes: 10 });
    flow.clear();
    if (delivery !== undefined) flow.admit(delivery);
    expect([sent(flow), flow.size]).toEqual([[], 0]);
  });
});

describe("after a crash", () => {
  const left = { bytes: 10, expiresAt: NOW - 1, released: false };
  const crashed = (): OutboundFlow<string> =>
    new OutboundFlow({
      limits: LIMITS,
      left: [
        { ...left, seq: 1, id: 1, message: "a", qos: 1 },
        { ...left, seq: 2, id: 2, message: "b", qos: 2 },
        { ...left, seq: 3, id: 3, message: "c", qos: 1, expiresAt: NOW + 10 },
      ],
    });

  test("what was never begun for sure is sent as if it had been; the expired is freed and not delivered", () => {
    const flow = crashed();
    flow.connected(10);
    expect(sent(flow)).toEqual(["pubrel 2", "again c"]);
    flow.complete(2);
    expect([flow.size, flow.expired]).toEqual([1, 2]);
  });

  test("identifiers go on behind those of the earlier life", () => {
    const flow = crashed();
    expect(flow.prepare("d", { qos: 1, bytes: 10 })).toMatchObject({ seq: 4, id: 4 });
  });
});

/** A client that keeps its session, at the other end of a line that loses everything when it breaks. */
class Client {
  readonly taken: string[] = [];
  readonly #open = new Set<number>();

  /** @returns the answer, for the server. */
  hear(packet: OutboundPacket<string>): readonly [type: "puback" | "pubrec" | "pubcomp", id: number] {
    const { id } = packet;
    if (packet.send === "pubrel") {
      this.#open.delete(id);
      return ["pubcomp", id];
    }
    const { message, qos } = packet.delivery;
    if (qos === 1) {
      this.taken.push(message);
      return ["puback", id];
    }
    if (!this.#open.has(id)) this.taken.push(message);
    this.#open.add(id);
    return ["pubrec", id];
  }
}

/** Where an answer is lost the client has heard the packet, and the line breaks. */
type Step =
  | "offer 1"
  | "offer 2"
  | "send"
  | "answer"
  | "break"
  | "restart"
  | "answer lost"
  | "answer lost, restart";

test("whatever breaks: QoS 1 arrives, QoS 2 arrives once, in order, and nothing is left over", () => {
  const step = fc.constantFrom<Step>(
    ...(["offer 1", "offer 2", "send", "send", "send", "answer", "answer", "answer"] as const),
    ...(["break", "restart", "answer lost", "answer lost, restart"] as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 4 }), (steps, window) => {
      const kept = new Map<number, KeptDelivery<string>>();
      let inFlight: ReadonlySet<number> | "unknown" = "unknown";
      const open = (): OutboundFlow<string> =>
        new OutboundFlow({
          limits: LIMITS,
          left: [...kept.values()].reverse(),
          sent: inFlight,
          onChange: ({ seq, state, ...rest }) =>
            void (state === "ended" ? kept.delete(seq) : kept.set(seq, { seq, ...rest })),
        });
      let flow = open();
      const client = new Client();
      const offered: string[] = [];
      let line: OutboundPacket<string>[] = [];
      const send = (): boolean => {
        const packet = flow.next(NOW);
        if (packet === undefined) return false;
        line.push(packet);
        return true;
      };
      const answer = (): void => {
        const packet = line.shift();
        if (packet === undefined) return;
        const [type, id] = client.hear(packet);
        if (type === "puback") flow.acknowledge("puback", id);
        else if (type === "pubcomp") flow.complete(id);
        else if (flow.received(id)) line.push({ send: "pubrel", id });
      };
      flow.connected(window);
      const steady: Step[] = Array.from({ length: 600 }, (_, index) => (index % 2 === 0 ? "send" : "answer"));
      for (const each of [...steps, ...steady]) {
        if (each === "send") send();
        else if (each === "answer") answer();
        else if (each !== "offer 1" && each !== "offer 2") {
          const heard = each.startsWith("answer lost") ? line.shift() : undefined;
          if (heard !== undefined) client.hear(heard);
          line = [];
          // A stop in order writes down what is under way; after a crash nobody knows.
          inFlight = each === "restart" ? new Set(flow.inFlight) : "unknown";
          flow.disconnected();
          if (each.endsWith("restart")) flow = open();
          flow.connected(window);
        } else {
          const qos = each === "offer 1" ? 1 : 2;
          const message = `${offered.length} at QoS ${qos}`;
          offered.push(message);
          const delivery = flow.prepare(message, { qos, bytes: 10 });
          if (delivery === undefined) throw new Error("no room");
          const { seq, id, bytes, expiresAt, released } = delivery;
          kept.set(seq, { seq, id, message, qos, bytes, expiresAt, released });
          flow.admit(delivery);
        }
        expect(new Set(line.map(({ id }) => id)).size).toBeLessThanOrEqual(window);
        expect(flow.size).toBe(kept.size);
      }
      const first = client.taken.filter((message, index) => client.taken.indexOf(message) === index);
      expect(first, "everything, in its order").toEqual(offered);
      const twice = client.taken.filter((message, index) => client.taken.indexOf(message) !== index);
      expect(twice.filter((message) => message.endsWith("QoS 2"))).toEqual([]);
      expect([flow.size, flow.bytes, kept.size]).toEqual([0, 0, 0]);
    }),
    { numRuns: 400 },
  );
});
