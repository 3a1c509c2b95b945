import { expect, test } from "vitest";
import { metricsText } from "./metrics.ts";

test("each family is told once with its type, and labels are escaped", () => {
  const broker = {
    sessions: 3,
    connections: 2,
    subscriptions: 5,
    retained: 1,
    retainedBytes: 200,
    queuedMessages: 4,
    queuedBytes: 500,
    dropped: 6,
    refused: 7,
    messagesIn: 10,
    messagesOut: 20,
    bytesIn: 100,
    bytesOut: 200,
  };
  const gateway = { store: "ok", problems: [] } as unknown as Parameters<typeof metricsText>[0]["gateway"];
  const bridge = { id: 'a"b\\c', state: "online", queued: 3, dropped: 0 } as unknown as Parameters<
    typeof metricsText
  >[0]["bridges"][0];
  const text = metricsText({
    broker,
    gateway,
    modules: [],
    bridges: [bridge],
    things: 9,
    residentBytes: 1e8,
    flash: {
      verdict: "ok",
      budgetBytes: 50,
      capBytes: 200,
      lastDay: { hours: 1, total: 7, bytes: { history: 7 } },
      perDay: 168,
      days: [],
      sinceStart: { history: 4, state: 3 },
      enduranceCycles: 3_000,
      history: { kept: true, windowMs: 60_000, waiting: 2, dropped: 0, properties: 1, bytes: 9 },
    },
  });
  expect(text).toContain('tram_flash_written_bytes_total{feature="history"} 4\n');
  expect(text).toContain("tram_flash_written_last_day_bytes 7\n");
  expect(text).toContain("tram_history_waiting_readings 2\n");
  expect(text).toContain(
    '# TYPE tram_mqtt_messages_total counter\ntram_mqtt_messages_total{direction="in"} 10\n',
  );
  expect(text).toContain('tram_bridge_queued_messages{bridge="a\\"b\\\\c"} 3\n');
  expect(text).toContain("tram_store_ok 1\n");
  const types = text.match(/^# TYPE \S+/gm) ?? [];
  expect(new Set(types).size).toBe(types.length);
  expect(text.endsWith("\n")).toBe(true);
});
