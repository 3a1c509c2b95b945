import dns from "node:dns";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type MessageClass, Unit } from "@tram/core";
import type { Reading } from "@tram/protocol";
import { MemoryStore, RealClock } from "@tram/testkit";
import { describe, expect, it, vi } from "vitest";
import { type Bridge, openBridge } from "./bridge.ts";
import type { MqttBridgeConfig } from "./bridge-config.ts";
import { EMPTY_HOUSE } from "./testing/empty-house.ts";
import { FaultLine, type LineFaults } from "./testing/fault-line.ts";
import { Mosquitto, mosquittoIsMissing } from "./testing/mosquitto.ts";
import { QuietLog } from "./testing/quiet-log.ts";

interface House extends AsyncDisposable {
  readonly bridge: Bridge;
  readonly log: QuietLog;
  offer(thing: string, value: unknown, messageClass?: MessageClass): Promise<void>;
  /** Waits until the status is as wanted; its changes are heard, and what changes with time alone is looked at too. */
  until(reached: (view: ReturnType<Bridge["status"]>) => boolean): Promise<void>;
}

async function house(config: Partial<MqttBridgeConfig> & { url: string }): Promise<House> {
  const [store, log, clock] = [new MemoryStore(), new QuietLog(), new RealClock()];
  const bridge = await openBridge({
    config: { id: "up", provider: "mqtt", ...config },
    gateway: { id: "gw", timezone: "UTC" },
    house: EMPTY_HOUSE,
    store,
    clock,
    random: Math.random,
    log,
  });
  return {
    bridge,
    log,
    offer: async (thing, value, messageClass) => {
      const unit = new Unit(store, (error) => {
        throw error;
      });
      const time = clock.now();
      const reading = {
        thing,
        property: "a/b",
        value,
        quality: "good",
        time,
        receivedAt: time,
        origin: "device",
      };
      bridge.offer(
        reading as unknown as Reading,
        unit,
        messageClass === undefined ? {} : { class: messageClass },
      );
      await unit.commit();
    },
    until: (reached) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!reached(bridge.status())) return;
          watch[Symbol.dispose]();
          resolve();
        };
        const watch = bridge.onChange(look);
        look();
      }),
    [Symbol.asyncDispose]: () => bridge[Symbol.asyncDispose](),
  };
}

interface Arrived {
  readonly id: string;
  readonly thing: string;
  readonly value: unknown;
}

async function arrivedAt(mosquitto: Mosquitto): Promise<readonly Arrived[]> {
  return (await mosquitto.received()).map(({ topic, payload }) => ({
    thing: topic.split("/")[2] ?? "",
    ...(JSON.parse(payload) as { id: string; value: unknown }),
  }));
}

/** What a receiver is left with that drops the ids that it has seen. */
function firsts(arrived: readonly Arrived[]): readonly Arrived[] {
  const seen = new Set<string>();
  return arrived.filter(({ id }) => !seen.has(id) && seen.add(id));
}

/** A line over which 5 % would be lost would hardly work; two are a bad day of a mobile network. */
const BAD_LINES: Readonly<Record<string, LineFaults>> = {
  "2 s away": { latencyMs: 2_000 },
  "of 64 kbit/s": { bitsPerS: 64_000, latencyMs: 100 },
  "that loses 2 %": { loss: 0.02, latencyMs: 50 },
  "of 64 kbit/s, 2 s away, that loses 2 %": { bitsPerS: 64_000, latencyMs: 2_000, loss: 0.02 },
};

describe.skipIf(mosquittoIsMissing())("a bridge to mosquitto over a line", () => {
  it.each(Object.keys(BAD_LINES))(
    "%s: nothing is lost or out of order, and the line is not given up",
    async (name) => {
      await using mosquitto = await Mosquitto.open();
      // The same losses each time.
      let seed = 1;
      const random = (): number => {
        seed = (seed * 48_271) % 2_147_483_647;
        return seed / 2_147_483_647;
      };
      await using line = await FaultLine.open(mosquitto.port, BAD_LINES[name], random);
      await using gateway = await house({ url: `mqtt://127.0.0.1:${line.port}`, keepalive_s: 12 });
      for (let value = 0; value < 120; value++) await gateway.offer(`t-${value % 4}`, value);
      // Five seconds of the slow line: its keep-alive waits behind them.
      for (let value = 120; value < 124; value++)
        await gateway.offer(`t-${value % 4}`, `${value}${"x".repeat(10_000)}`);
      await gateway.until(({ sent }) => sent >= 1);
      await gateway.offer("t-0", "fire", "alarm");
      await gateway.until(({ queued }) => queued === 0);
      const arrived = await arrivedAt(mosquitto);
      expect(firsts(arrived)).toHaveLength(arrived.length);
      for (const turn of [0, 1, 2, 3]) {
        const mine = arrived.filter(({ thing, value }) => thing === `t-${turn}` && value !== "fire");
        expect(mine.map(({ value }) => Number.parseInt(String(value), 10))).toEqual(
          Array.from({ length: 31 }, (_, index) => index * 4 + turn),
        );
      }
      // It came while the backlog was under way, and did not wait for its end.
      const fire = arrived.findIndex(({ value }) => value === "fire");
      expect(fire).toBeGreaterThan(0);
      expect(fire).toBeLessThan(arrived.length - 1);
      expect(gateway.log.texts).toEqual(["info the bridge is online"]);
      expect(line.connections).toBe(1);
    },
    90_000,
  );

  it("of 64 kbit/s: an alarm does not wait behind everything that would go into the line's buffers", async () => {
    await using mosquitto = await Mosquitto.open();
    await using line = await FaultLine.open(mosquitto.port, { bitsPerS: 64_000, latencyMs: 50 });
    await using gateway = await house({ url: `mqtt://127.0.0.1:${line.port}` });
    // Twelve seconds of the line; all of them would be in flight at once.
    for (let value = 0; value < 40; value++)
      await gateway.offer(`t-${value}`, `${value} ${"x".repeat(2_400)}`);
    await gateway.until(({ sent }) => sent >= 1);
    await gateway.offer("t-0", "fire", "alarm");
    await gateway.until(({ queued }) => queued === 0);
    const arrived = await arrivedAt(mosquitto);
    expect(arrived).toHaveLength(41);
    expect(arrived.findIndex(({ value }) => value === "fire")).toBeLessThan(32);
  }, 60_000);

  it.each([
    ["a silent cut", "cutSilently", true],
    ["a silent cut of an idle line", "cutSilently", false],
    ["a half-open connection", "leaveHalfOpen", true],
  ] as const)(
    "%s is noticed within twice the keep-alive, while messages go on coming, and costs none",
    async (_name, fault, busy) => {
      await using mosquitto = await Mosquitto.open();
      await using line = await FaultLine.open(mosquitto.port);
      await using gateway = await house({ url: `mqtt://127.0.0.1:${line.port}`, keepalive_s: 2 });
      const values: number[] = [];
      const send = async (): Promise<void> => {
        values.push(values.length);
        await gateway.offer("pump", values.length - 1);
      };
      for (let count = 0; count < 20; count++) await send();
      await gateway.until(({ queued }) => queued === 0);
      line[fault]();
      const from = performance.now();
      const offline = gateway.until(({ state }) => state === "offline");
      const sending = busy ? setInterval(() => void send(), 50) : undefined;
      await offline;
      expect(performance.now() - from).toBeLessThan(4_000);
      clearInterval(sending);
      if (busy) expect(gateway.bridge.status().queued).toBeGreaterThan(10);
      expect(gateway.bridge.status().lastError).toContain("does not answer any more");
      await send();
      await gateway.until(({ queued, state }) => queued === 0 && state === "online");
      const arrived = firsts(await arrivedAt(mosquitto));
      expect(arrived.map(({ value }) => value)).toEqual(values);
    },
    30_000,
  );

  it("asks the name service at each attempt, says what is wrong with it, and finds the cloud when that has moved", async () => {
    await using mosquitto = await Mosquitto.open();
    const asked: string[] = [];
    const answers = ["ENOTFOUND", "EAI_AGAIN", "127.0.0.1"];
    const lookup = vi.spyOn(dns, "lookup").mockImplementation(((
      host: string,
      _options: unknown,
      tell: Tell,
    ) => {
      asked.push(host);
      const answer = answers[Math.min(asked.length, answers.length) - 1] ?? "";
      const error = Object.assign(new Error(`getaddrinfo ${answer} ${host}`), { code: answer });
      if (answer.startsWith("E")) setImmediate(() => tell(error));
      else setImmediate(() => tell(null, [{ address: answer, family: 4 }]));
    }) as typeof dns.lookup);
    try {
      await using gateway = await house({ url: `mqtt://cloud.example:${mosquitto.port}` });
      await gateway.until(({ lastError = "" }) =>
        lastError.includes("the name is not known: no Internet, or a typo"),
      );
      expect(gateway.bridge.status()).toMatchObject({ state: "offline", lastErrorCode: "dns" });
      await gateway.until(({ lastError = "" }) =>
        lastError.includes("the name server does not answer: no Internet"),
      );
      await gateway.until(({ state }) => state === "online");
      expect(asked).toEqual(["cloud.example", "cloud.example", "cloud.example"]);
      await gateway.bridge[Symbol.asyncDispose]();
    } finally {
      lookup.mockRestore();
    }
  });
});

type Tell = (error: Error | null, addresses?: readonly { address: string; family: number }[]) => void;

describe("a bridge before a portal", () => {
  it.each(["mqtt", "mqtts"])(
    "says that it asks to sign in (%s), and does not take it for the cloud",
    async (scheme) => {
      const asked: string[] = [];
      const portal = createServer((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.writeHead(302, { Location: "http://login.hotel.example/" }).end();
      });
      portal.listen(0, "127.0.0.1");
      await once(portal, "listening");
      const { port } = portal.address() as AddressInfo;
      try {
        await using gateway = await house({
          url: `${scheme}://127.0.0.1:${port}`,
          username: "u",
          password: "s3cret",
        });
        await gateway.offer("pump", 1);
        await gateway.until(({ lastErrorCode }) => lastErrorCode === "portal");
        const view = gateway.bridge.status();
        expect(view.lastError).toMatch(
          /^a portal seems to ask to sign in at login\.hotel\.example; 127\.0\.0\.1:\d+: /,
        );
        expect(view).toMatchObject({ state: "offline", queued: 1, sent: 0 });
        expect(asked).toEqual(["GET /"]);
      } finally {
        portal.closeAllConnections();
        portal.close();
      }
    },
  );
});
