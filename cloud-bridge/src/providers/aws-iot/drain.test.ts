import { type MessageClass, Unit } from "@tram/core";
import { isJsonObject, type Reading } from "@tram/protocol";
import { AwsIot, MemoryStore, RealClock } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import { type Bridge, openBridge } from "../../bridge.ts";
import { EMPTY_HOUSE } from "../../testing/empty-house.ts";
import { guidePolicy } from "../../testing/guide-policy.ts";
import { QuietLog } from "../../testing/quiet-log.ts";

const BACKLOG = 600;
const LIVE = 60;
/** 20 live messages a second. */
const LIVE_EVERY_MS = 50;
const BACKLOG_THINGS = 5;

/** Offers a reading and waits until it is kept. */
async function offer(
  bridge: Bridge,
  store: MemoryStore,
  thing: string,
  value: number,
  messageClass?: MessageClass,
): Promise<void> {
  const unit = new Unit(store, (error) => {
    throw error;
  });
  const time = Date.now();
  const reading = {
    thing,
    property: "meter/count",
    value,
    quality: "good",
    time,
    receivedAt: time,
    origin: "device",
  };
  bridge.offer(reading as Reading, unit, messageClass === undefined ? {} : { class: messageClass });
  await unit.commit();
}

describe("a backlog that drains to AWS IoT while the house goes on reporting", () => {
  it("stays below what AWS takes, in messages and bytes of any second, and keeps the order of each Thing", async () => {
    await using aws = await AwsIot.open();
    const who = aws.enroll("gw", [guidePolicy()]);
    const [store, clock] = [new MemoryStore(), new RealClock()];
    await aws.stop();
    await using bridge = await openBridge({
      config: {
        id: "aws",
        provider: "aws-iot",
        endpoint: aws.host,
        port: aws.port,
        child_shadows: "none",
      },
      gateway: { id: "gw", timezone: "UTC" },
      house: EMPTY_HOUSE,
      identity: { ca: aws.rootCa, cert: who.certificate, key: who.key },
      store,
      clock,
      random: Math.random,
      log: new QuietLog(),
    });
    for (let number = 0; number < BACKLOG; number++) {
      await offer(bridge, store, `old-${number % BACKLOG_THINGS}`, number);
    }
    await aws.start();
    const drained = new Promise<void>((resolve) => {
      const watch = bridge.onChange(() => {
        const { sent, queued } = bridge.status();
        if (sent < BACKLOG + LIVE || queued > 0) return;
        watch[Symbol.dispose]();
        resolve();
      });
    });
    for (let number = 0; number < LIVE; number++) {
      await clock.sleep(LIVE_EVERY_MS);
      await offer(bridge, store, "live", number);
    }
    await drained;

    const arrived = aws.received().flatMap(({ topic, payload, at }) => {
      const said: unknown = JSON.parse(payload.toString());
      return isJsonObject(said) && typeof said.value === "number" ? [{ topic, value: said.value, at }] : [];
    });
    expect(arrived).toHaveLength(BACKLOG + LIVE);
    for (const topic of new Set(arrived.map((each) => each.topic))) {
      const values = arrived.filter((each) => each.topic === topic).map(({ value }) => value);
      expect(values).toEqual([...values].sort((a, b) => a - b));
    }
    // What AWS would throw away or hold back, counted over any second.
    expect(aws.incidents.map(({ code }) => code)).toEqual([]);
    for (const { at } of arrived) {
      const within = arrived.filter((other) => other.at >= at && other.at < at + 1_000).length;
      expect(within).toBeLessThanOrEqual(100);
    }
    expect(bridge.status()).toMatchObject({ dropped: 0, parked: 0 });
  }, 60_000);
});
