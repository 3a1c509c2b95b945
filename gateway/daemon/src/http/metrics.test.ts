import type { BridgeView } from "@tram/protocol";
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
  const bridge: BridgeView = {
    id: 'a"b\\c',
    provider: "mqtt",
    state: "online",
    since: "2026-01-05T06:00:00.000Z",
    holding: "budget",
    queued: 3,
    queuedByClass: { alarm: 1, telemetry: 2 },
    oldest: "2026-01-05T06:00:00.500Z",
    sent: 8,
    dropped: 5,
    drops: { telemetry: { quota: 4, expired: 1 } },
    parked: 2,
    ratePerS: 12.5,
    etaS: 60,
    traffic: {
      today: 10,
      month: 100,
      undated: 7,
      forecast: 300,
      budget: { limit: 50, used: 100, level: "spent" },
    },
  };
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
  expect(text).toContain('tram_bridge_queued_class_messages{bridge="a\\"b\\\\c",class="telemetry"} 2\n');
  expect(text).toContain('class="telemetry",reason="expired"} 1\n');
  expect(text).toContain('tram_bridge_oldest_message_timestamp_seconds{bridge="a\\"b\\\\c"} 1767592800.5\n');
  for (const [name, value] of [
    ["bridge_online", 1],
    ["bridge_state_since_timestamp_seconds", 1_767_592_800],
    ["bridge_drain_messages_per_second", 12.5],
    ["bridge_drain_eta_seconds", 60],
    ["bridge_today_bytes", 10],
    ["bridge_month_forecast_bytes", 300],
    ["bridge_sent_messages_total", 8],
    ["bridge_parked_messages", 2],
    ["bridge_month_bytes", 107],
    ["bridge_month_budget_bytes", 50],
    ["bridge_holding", 1],
  ] as const) {
    expect(text).toContain(`tram_${name}{bridge="a\\"b\\\\c"} ${value}\n`);
  }
  expect(text).toContain("tram_store_ok 1\n");
  const types = text.match(/^# TYPE \S+/gm) ?? [];
  expect(new Set(types).size).toBe(types.length);
  expect(text.endsWith("\n")).toBe(true);
});
