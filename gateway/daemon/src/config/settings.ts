import { hostname } from "node:os";
import { isAbsolute, resolve } from "node:path";
import type { BridgeConfig } from "@tram/cloud-bridge";
import { type ModuleId, slugThingId, type ThingId } from "@tram/protocol";
import type { Overrides } from "./overrides.ts";
import type { ConfigDocument, ModuleConfig, MqttAccount } from "./schema.ts";

/** The configuration with every default filled in and every path absolute: what the daemon is built from. */
export interface Settings {
  readonly gateway: {
    readonly id: ThingId;
    readonly name: string;
    readonly latitude?: number;
    readonly longitude?: number;
    readonly timezone: string;
    readonly clock: "auto" | "trusted";
  };
  /** Absolute path of the data folder. */
  readonly data: string;
  /** Absolute path of the folder of the local socket, where the environment names one. */
  readonly runtime?: string;
  readonly mqtt: {
    readonly engine: "aedes";
    readonly host: string;
    readonly port: number;
    readonly durability: "standard" | "strict";
    readonly anonymous: boolean;
    readonly accounts: readonly Account[];
  };
  readonly http: { readonly host: string; readonly port: number; readonly hosts: readonly string[] };
  readonly modules: readonly (ModuleConfig & { readonly id: ModuleId })[];
  readonly rulesDir: string;
  readonly cloud: readonly CloudSettings[];
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

/** An MQTT account with its password read. */
export interface Account {
  readonly username: string;
  readonly password: string;
  readonly role: MqttAccount["role"];
  readonly topics?: readonly string[];
}

export interface CloudSettings {
  readonly config: BridgeConfig;
  readonly password?: string;
}

/** Fills in the defaults. `folder` is where the configuration file lies. */
export function completeSettings(
  document: ConfigDocument,
  folder: string,
  secrets: { accounts: readonly Account[]; cloud: readonly CloudSettings[] },
  overrides: Overrides,
): Settings {
  const { gateway = {}, mqtt = {}, http = {}, rules = {}, log = {} } = document;
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(folder, path));
  return {
    gateway: {
      id: (gateway.id ?? slugThingId(hostname())) as ThingId,
      name: gateway.name ?? gateway.id ?? hostname(),
      ...(gateway.latitude === undefined ? {} : { latitude: gateway.latitude }),
      ...(gateway.longitude === undefined ? {} : { longitude: gateway.longitude }),
      timezone: gateway.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
      clock: gateway.clock ?? "auto",
    },
    data: resolve(overrides.data ?? absolute(document.data ?? "data")),
    ...(overrides.runtime === undefined ? {} : { runtime: overrides.runtime }),
    mqtt: {
      engine: mqtt.engine ?? "aedes",
      host: mqtt.host ?? "0.0.0.0",
      port: overrides.mqttPort ?? mqtt.port ?? 1883,
      durability: mqtt.durability ?? "standard",
      anonymous: mqtt.anonymous ?? false,
      accounts: secrets.accounts,
    },
    http: {
      host: http.host ?? "0.0.0.0",
      port: overrides.httpPort ?? http.port ?? 8080,
      hosts: http.hosts ?? [],
    },
    modules: (document.modules ?? []).map((module) => ({
      ...module,
      id: module.id as ModuleId,
      use: /^\.{0,2}\//.test(module.use) ? absolute(module.use) : module.use,
    })),
    rulesDir: absolute(rules.dir ?? "rules"),
    cloud: secrets.cloud,
    logLevel: log.level ?? "info",
  };
}
