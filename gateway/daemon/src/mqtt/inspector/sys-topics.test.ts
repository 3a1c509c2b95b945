import type { BrokerMetrics, MqttMessage } from "@tram/core";
import { VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { SysTopics } from "./sys-topics.ts";

test("what the broker counts is published retained, by mosquitto's names, and again only when it has changed", async () => {
  const clock = new VirtualClock();
  const metrics = {
    sessions: 3,
    connections: 2,
    subscriptions: 5,
    retained: 1,
    retainedBytes: 200,
    queuedMessages: 4,
    queuedBytes: 500,
    dropped: 0,
    refused: 0,
    messagesIn: 10,
    messagesOut: 20,
    bytesIn: 100,
    bytesOut: 200,
  };
  const told: MqttMessage[] = [];
  const broker = {
    metrics: (): BrokerMetrics => ({ ...metrics }),
    publish: async (message: MqttMessage) => void told.push(message),
  };
  using _topics = new SysTopics({ broker, clock, version: "1.2.3" });
  const value = (topic: string): string | undefined => {
    const message = told.findLast((each) => each.topic === `$SYS/broker/${topic}`);
    return message && Buffer.from(message.payload).toString();
  };
  expect(told.every(({ qos, retain }) => retain && qos === 0)).toBe(true);
  expect([value("clients/connected"), value("clients/disconnected"), value("subscriptions/count")]).toEqual([
    "2",
    "1",
    "5",
  ]);
  expect(value("version")).toBe("tram version 1.2.3");
  told.length = 0;
  metrics.connections = 1;
  metrics.messagesIn = 70;
  await clock.advance(10_000);
  expect(value("clients/connected")).toBe("1");
  expect(value("clients/maximum"), "unchanged").toBeUndefined();
  expect(Number(value("load/messages/received/1min"))).toBeGreaterThan(30);
  expect(value("uptime")).toBe("10 seconds");
});
