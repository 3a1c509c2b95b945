import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { DEFAULT_LIMITS } from "@tram/broker";
import { type ModuleId, PRODUCT, slugThingId, type ThingId, type TopicMapping } from "@tram/protocol";
import type { ExternalSettings } from "../mqtt/external/external-settings.ts";
import type { ListenerSpec } from "../mqtt/listeners/listener.ts";
import type { TlsFiles } from "../mqtt/listeners/tls-identity.ts";
import { availableMemory } from "../runtime/available-memory.ts";
import type { Account, CloudSettings, SoundConfig } from "./check.ts";
import { listenerId, SHORT_LISTENER } from "./listener-check.ts";
import type { Overrides } from "./overrides.ts";
import { type ModuleConfig, NODE_RED_DIR } from "./schema.ts";
import type { HistoryPolicyConfig } from "./schema-history.ts";
import type { MqttExternal, MqttLimits, MqttListener } from "./schema-mqtt.ts";
import type { WebhookSettings } from "./webhook-headers.ts";

export type { Account, CloudSettings };

const MEBIBYTE = 1_048_576;
const MEGABYTE = 1_000_000;
const DEFAULT_BUDGET_MB = 50;

export interface HistorySettings {
  readonly enabled: boolean;
  readonly sizeBytes: number;
  readonly windowMs: number;
  /** As they stand in the configuration. */
  readonly policies: readonly HistoryPolicyConfig[];
}

/** The configuration with every default filled in and every path absolute: what the daemon is built from. */
export interface Settings {
  readonly gateway: {
    readonly id: ThingId;
    readonly name: string;
    readonly latitude?: number;
    readonly longitude?: number;
    readonly timezone: string;
    readonly clock: "auto" | "trusted";
    readonly wan?: "metered" | "unmetered";
  };
  /** Absolute path of the data folder. */
  readonly data: string;
  /** Absolute path of the folder of the local socket, where the environment names one. */
  readonly runtime?: string;
  readonly mqtt: {
    readonly engine: "tram" | "aedes" | "external";
    /** Only with the engine of that name. */
    readonly external: ExternalSettings | undefined;
    readonly host: string;
    readonly port: number;
    /** The one of `host` and `port` comes first. */
    readonly listeners: readonly ListenerSpec[];
    readonly tls: TlsFiles | undefined;
    readonly limits: MqttLimits;
    /** Filters of topics that must survive a power cut. */
    readonly durable: readonly string[];
    readonly durability: "standard" | "strict";
    /** Which way Home Assistant's discovery goes. */
    readonly discovery: "both" | "in" | "out" | "off";
    readonly anonymous: boolean;
    readonly accounts: readonly Account[];
    readonly mappings: readonly TopicMapping[];
  };
  readonly http: { readonly host: string; readonly port: number; readonly hosts: readonly string[] };
  readonly modules: readonly (ModuleConfig & { readonly id: ModuleId })[];
  readonly rulesDir: string;
  readonly rules: {
    /** As `HostList` takes them. */
    readonly httpHosts: readonly string[];
    readonly webhooks: readonly WebhookSettings[];
  };
  readonly history: HistorySettings;
  readonly flash: {
    readonly budgetBytes: number;
    readonly capBytes: number;
    readonly enduranceCycles: number;
  };
  readonly cloud: readonly CloudSettings[];
  readonly events: {
    /** 0 records nothing. */
    readonly memoryMb: number;
    readonly diskMb: number;
    readonly keepHours: number;
  };
  readonly nodeRed: { readonly enabled: boolean; readonly dir: string; readonly palette: boolean };
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

/**
 * Fills in the defaults.
 * @param sound the configuration as it was checked: its paths are absolute.
 * @param folder where the configuration file lies: there the default folders are.
 */
export function completeSettings(sound: SoundConfig, folder: string, overrides: Overrides): Settings {
  const { document, accounts, cloud, externalPassword, mappings, webhooks } = sound;
  const {
    gateway = {},
    mqtt = {},
    http = {},
    rules = {},
    events = {},
    node_red: nodeRed = {},
    log = {},
    flash = {},
    history = {},
  } = document;
  const connections = mqtt.limits?.connections ?? DEFAULT_LIMITS.connections;
  const door = { host: mqtt.host ?? "0.0.0.0", port: overrides.mqttPort ?? mqtt.port ?? 1883 };
  return {
    gateway: {
      id: (gateway.id ?? slugThingId(hostname())) as ThingId,
      name: gateway.name ?? gateway.id ?? hostname(),
      ...(gateway.latitude === undefined ? {} : { latitude: gateway.latitude }),
      ...(gateway.longitude === undefined ? {} : { longitude: gateway.longitude }),
      timezone: gateway.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
      clock: gateway.clock ?? "auto",
      ...(gateway.wan === undefined ? {} : { wan: gateway.wan }),
    },
    data: resolve(overrides.data ?? document.data ?? join(folder, "data")),
    ...(overrides.runtime === undefined ? {} : { runtime: overrides.runtime }),
    mqtt: {
      engine: mqtt.engine ?? "tram",
      external:
        mqtt.engine === "external" && mqtt.external !== undefined
          ? externalOf(mqtt.external, {
              gateway: gateway.id ?? slugThingId(hostname()),
              password: externalPassword,
            })
          : undefined,
      ...door,
      listeners: [
        listenerOf({ id: SHORT_LISTENER, protocol: "mqtt", ...door }, "mqtt.port", connections),
        ...(mqtt.listeners ?? []).map((listener, index) =>
          listenerOf(listener, `mqtt.listeners[${index}]`, connections),
        ),
      ],
      tls: mqtt.tls && { cert: mqtt.tls.cert_file, key: mqtt.tls.key_file, ca: mqtt.tls.ca_file },
      limits: mqtt.limits ?? {},
      durable: mqtt.durable ?? [],
      durability: mqtt.durability ?? "standard",
      discovery: mqtt.discovery ?? "both",
      anonymous: mqtt.anonymous ?? false,
      accounts,
      mappings,
    },
    http: {
      host: http.host ?? "0.0.0.0",
      port: overrides.httpPort ?? http.port ?? 8080,
      hosts: http.hosts ?? [],
    },
    modules: (document.modules ?? []).map((module) => ({ ...module, id: module.id as ModuleId })),
    rulesDir: rules.dir ?? resolve(folder, "rules"),
    rules: { httpHosts: rules.http_hosts ?? [], webhooks },
    history: {
      enabled: history.enabled ?? true,
      sizeBytes: (history.size_mb ?? 64) * MEBIBYTE,
      windowMs: (history.window_seconds ?? 300) * 1_000,
      policies: history.policies ?? [],
    },
    flash: {
      budgetBytes: (flash.budget_mb ?? DEFAULT_BUDGET_MB) * MEGABYTE,
      capBytes: Math.max(flash.budget_mb ?? DEFAULT_BUDGET_MB, flash.cap_mb ?? 200) * MEGABYTE,
      enduranceCycles: flash.endurance_cycles ?? 3_000,
    },
    cloud,
    events: {
      memoryMb: events.memory_mb ?? eventMemoryMb(availableMemory()),
      diskMb: events.disk_mb ?? 0,
      keepHours: events.keep_hours ?? 48,
    },
    nodeRed: {
      enabled: nodeRed.enabled ?? true,
      dir: nodeRed.dir ?? NODE_RED_DIR,
      palette: nodeRed.palette ?? false,
    },
    logLevel: log.level ?? "info",
  };
}

/** A router of 128 MB gives 4 MB, one of 256 MB and anything larger 8 MB. */
function eventMemoryMb(availableBytes: number): number {
  return Math.round(Math.min(8, Math.max(2, availableBytes / MEBIBYTE / 32)));
}

function externalOf(
  external: MqttExternal,
  own: { readonly gateway: string; readonly password: string | undefined },
): ExternalSettings {
  return {
    url: external.url,
    clientId: external.client_id ?? `${PRODUCT.name}-${own.gateway}`,
    username: external.username,
    password: own.password,
    caFile: external.ca_file,
    certFile: external.cert_file,
    keyFile: external.key_file,
    version: external.version ?? "auto",
    keepAliveSeconds: external.keep_alive_seconds ?? 30,
    sessionExpirySeconds: external.session_expiry_seconds ?? 86_400,
  };
}

function listenerOf(listener: MqttListener, key: string, most: number): ListenerSpec {
  const { client_certificates: clientCertificates = "optional", host = "0.0.0.0", port, protocol } = listener;
  const { connections = most } = listener;
  const id = listenerId(listener);
  return { id, key, protocol, host, interface: listener.interface, port, connections, clientCertificates };
}
