import type { BrokerMetrics } from "@tram/core";
import { type BridgeView, type FlashView, type GatewayView, type ModuleView, PRODUCT } from "@tram/protocol";

/** What the metrics are made of. */
export interface MetricsSource {
  readonly broker: BrokerMetrics;
  readonly gateway: GatewayView;
  readonly modules: readonly ModuleView[];
  readonly bridges: readonly BridgeView[];
  readonly things: number;
  /** Resident memory, bytes. */
  readonly residentBytes: number;
  readonly flash: FlashView;
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The metrics in the text format of Prometheus, version 0.0.4. */
export function metricsText(source: MetricsSource): string {
  return `${families(source).flatMap(lines).join("\n")}\n`;
}

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

function families({
  bridges,
  broker,
  flash,
  gateway,
  modules,
  residentBytes,
  things,
}: MetricsSource): readonly Family[] {
  const one = (value: number): readonly Sample[] => [[{}, value]];
  const directions = (inward: number, outward: number): readonly Sample[] => [
    [{ direction: "in" }, inward],
    [{ direction: "out" }, outward],
  ];
  return [
    counter("mqtt_messages_total", "MQTT messages.", directions(broker.messagesIn, broker.messagesOut)),
    counter("mqtt_bytes_total", "Bytes of MQTT connections.", directions(broker.bytesIn, broker.bytesOut)),
    counter("mqtt_dropped_messages_total", "Messages that quotas or full sockets cost.", one(broker.dropped)),
    counter("mqtt_refused_logins_total", "Logins that were refused.", one(broker.refused)),
    gauge("mqtt_connections", "MQTT clients that are connected.", one(broker.connections)),
    gauge("mqtt_sessions", "MQTT sessions, those of absent clients included.", one(broker.sessions)),
    gauge("mqtt_subscriptions", "Subscriptions.", one(broker.subscriptions)),
    gauge("mqtt_retained_messages", "Retained messages.", one(broker.retained)),
    gauge("mqtt_retained_bytes", "Their bytes in memory.", one(broker.retainedBytes)),
    gauge("mqtt_queued_messages", "Messages that wait for clients.", one(broker.queuedMessages)),
    gauge("mqtt_queued_bytes", "Their bytes.", one(broker.queuedBytes)),
    gauge("things", "Things that the gateway knows.", one(things)),
    gauge("store_ok", "1 while the store keeps what it is given.", one(gateway.store === "ok" ? 1 : 0)),
    gauge("problems", "What is wrong now.", one(gateway.problems.length)),
    gauge(
      "module_up",
      "1 while a module is up.",
      modules.map(({ id, state }) => [{ module: id }, state === "up" ? 1 : 0] as const),
    ),
    ...bridgeFamilies(bridges),
    gauge("resident_memory_bytes", "Resident memory of the process.", one(residentBytes)),
    counter(
      "flash_written_bytes_total",
      "Bytes that reached the files of the data folder; flash translation comes on top.",
      Object.entries(flash.sinceStart).map(([feature, bytes]) => [{ feature }, bytes] as const),
    ),
    gauge("flash_written_last_day_bytes", "Bytes of the last 24 hours.", one(flash.lastDay.total)),
    gauge("flash_budget_bytes", "What may be written in 24 hours.", one(flash.budgetBytes)),
    gauge(
      "flash_life_years",
      "How long the flash lasts at most.",
      flash.lifeYears === undefined ? [] : one(flash.lifeYears),
    ),
    ...historyFamilies(flash.history),
  ];
}

function bridgeFamilies(bridges: readonly BridgeView[]): readonly Family[] {
  const each = (value: (bridge: BridgeView) => number | undefined): readonly Sample[] =>
    bridges.flatMap((bridge): readonly Sample[] => {
      const found = value(bridge);
      return found === undefined ? [] : [[{ bridge: bridge.id }, found]];
    });
  const queued = bridges.flatMap(({ id, queuedByClass }) =>
    Object.entries(queuedByClass).map(([name, count]) => [{ bridge: id, class: name }, count] as const),
  );
  const drops = bridges.flatMap(({ drops: counted = {}, id }) =>
    Object.entries(counted).flatMap(([name, reasons]) =>
      Object.entries(reasons).map(([reason, count]) => [{ bridge: id, class: name, reason }, count] as const),
    ),
  );
  return [
    gauge(
      "bridge_online",
      "1 while a bridge has its cloud.",
      each(({ state }) => (state === "online" ? 1 : 0)),
    ),
    gauge(
      "bridge_state_since_timestamp_seconds",
      "Since when it has or has not.",
      each(({ since }) => Date.parse(since) / 1_000),
    ),
    gauge(
      "bridge_queued_messages",
      "Messages that wait for a cloud.",
      each((bridge) => bridge.queued),
    ),
    gauge("bridge_queued_class_messages", "The same by class.", queued),
    gauge(
      "bridge_oldest_message_timestamp_seconds",
      "Since when the oldest of them waits.",
      each(({ oldest }) => (oldest === undefined ? undefined : Date.parse(oldest) / 1_000)),
    ),
    gauge(
      "bridge_drain_messages_per_second",
      "How fast a cloud takes messages, over the last minute.",
      each(({ ratePerS }) => ratePerS),
    ),
    gauge(
      "bridge_drain_eta_seconds",
      "Until nothing waits, if it goes on so.",
      each(({ etaS }) => etaS),
    ),
    counter(
      "bridge_sent_messages_total",
      "Messages that a cloud acknowledged.",
      each(({ sent }) => sent),
    ),
    counter(
      "bridge_dropped_messages_total",
      "Messages that were given up before their cloud had them.",
      each(({ dropped }) => dropped),
    ),
    counter("bridge_dropped_class_messages_total", "The same by class and reason.", drops),
    gauge(
      "bridge_parked_messages",
      "Messages that their cloud will never take.",
      each(({ parked }) => parked),
    ),
    gauge(
      "bridge_today_bytes",
      "Bytes of this day on the line to a cloud, partly estimated.",
      each(({ traffic }) => traffic.today),
    ),
    gauge(
      "bridge_month_bytes",
      "Bytes of this month on the line to a cloud, partly estimated.",
      each(({ traffic }) => traffic.month + traffic.undated),
    ),
    gauge(
      "bridge_month_forecast_bytes",
      "What the month will come to if it goes on so.",
      each(({ traffic }) => traffic.forecast),
    ),
    gauge(
      "bridge_month_budget_bytes",
      "What a month may cost.",
      each(({ traffic }) => traffic.budget?.limit),
    ),
    gauge(
      "bridge_holding",
      "1 while telemetry waits for a cheaper line or for the next month.",
      each(({ holding }) => (holding === undefined ? 0 : 1)),
    ),
  ];
}

function historyFamilies(history: FlashView["history"]): readonly Family[] {
  if (history === undefined) return [];
  const one = (value: number): readonly Sample[] => [[{}, value]];
  return [
    gauge("history_ok", "1 while readings are kept in a file.", one(history.kept ? 1 : 0)),
    gauge("history_waiting_readings", "Readings that memory alone has.", one(history.waiting)),
    gauge("history_bytes", "Of the file of the history, in use.", one(history.bytes)),
    counter("history_dropped_readings_total", "Readings that there was no room for.", one(history.dropped)),
  ];
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, samples, type: "counter" };
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, samples, type: "gauge" };
}

function lines({ help, name, samples, type }: Family): readonly string[] {
  const full = `${PRODUCT.name}_${name}`;
  return [
    `# HELP ${full} ${help}`,
    `# TYPE ${full} ${type}`,
    ...samples.map(([labels, value]) => `${full}${labelText(labels)} ${value}`),
  ];
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Backslash, quote and line feed are written with a backslash. */
function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
