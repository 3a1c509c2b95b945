import { randomUUID } from "node:crypto";
import type { Clock } from "@tram/core";
import { PRODUCT, type Thing } from "@tram/protocol";
import type { BridgeConfig, MqttBridgeConfig } from "../bridge-config.ts";
import type { BridgeLog } from "../bridge-log.ts";
import type { Mapping } from "../mapping.ts";
import type { AwsIotBridgeConfig } from "./aws-iot/config.ts";
import type { BluemixBridgeConfig } from "./bluemix/config.ts";
import type { BridgeProvider } from "./provider.ts";
import type { TlsIdentity } from "./tls-identity.ts";

export interface ProviderParts {
  /** Id of the gateway. */
  readonly gateway: string;
  readonly mapping: Mapping;
  readonly clock: Clock;
  readonly log: BridgeLog;
  readonly password?: string;
  /** What `ca_file`, `cert_file` and `key_file` hold. */
  readonly identity?: TlsIdentity;
  /** How a Thing describes itself. */
  readonly describe: (thing: string) => Thing | undefined;
  /**
   * Seconds of silence before the cloud is asked whether it is there, where the configuration does not say: asked for at each
   * connection, since what a line costs may have changed.
   */
  readonly keepaliveS: () => number;
}

/**
 * Makes the provider that a bridge's configuration names. Does not connect. A client library is loaded only where it is
 * used.
 */
export function createProvider(config: BridgeConfig, parts: ProviderParts): Promise<BridgeProvider> {
  switch (config.provider) {
    case "mqtt":
      return openMqtt(config, parts);
    case "aws-iot":
      return openAwsIot(config, parts);
    case "bluemix":
      return openBluemix(config, parts);
  }
}

async function openMqtt(config: MqttBridgeConfig, parts: ProviderParts): Promise<BridgeProvider> {
  const [{ MqttProvider }, { dialectOf }] = await Promise.all([
    import("./mqtt.ts"),
    import("./mqtt-dialect-of.ts"),
  ]);
  const { alpn, username } = config;
  const password = parts.password ?? config.password;
  const identity = parts.identity;
  const hears = config.commands !== undefined || (config.manage ?? []).length > 0;
  return new MqttProvider({
    url: config.url,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    clientId: config.client_id ?? `${PRODUCT.name}-${parts.gateway}`,
    protocolVersion: config.protocol_version ?? 4,
    keepaliveS: () => config.keepalive_s ?? parts.keepaliveS(),
    tls: {
      ...(identity === undefined ? {} : { identity }),
      ...(alpn === undefined ? {} : { alpn }),
    },
    dialect: dialectOf(config, { ...parts, newId: randomUUID }),
    ...(hears ? { hearsForS: config.command_ttl_s ?? DEFAULT_COMMAND_TTL_S } : {}),
    clock: parts.clock,
  });
}

async function openAwsIot(config: AwsIotBridgeConfig, parts: ProviderParts): Promise<BridgeProvider> {
  const [{ AwsIotProvider }, { ThingNames }] = await Promise.all([
    import("./aws-iot/aws-iot.ts"),
    import("./aws-iot/thing-names.ts"),
  ]);
  const port = config.port ?? 8_883;
  return new AwsIotProvider({
    endpoint: config.endpoint,
    port,
    alpn: port === 443,
    identity: parts.identity ?? {},
    names: new ThingNames(parts.gateway, config.thing_name),
    ...(config.topic_prefix === undefined ? {} : { topicPrefix: config.topic_prefix }),
    keepaliveS: config.keepalive_s ?? 60,
    childShadows: config.child_shadows ?? "named",
    payload: (message) => parts.mapping.payload(message),
    clock: parts.clock,
    log: parts.log,
  });
}

async function openBluemix(config: BluemixBridgeConfig, parts: ProviderParts): Promise<BridgeProvider> {
  const [{ BluemixProvider }, { DeviceNames }] = await Promise.all([
    import("./bluemix/bluemix.ts"),
    import("./bluemix/device-names.ts"),
  ]);
  const { gateway } = parts;
  const thingType = config.thing_type ?? `${PRODUCT.name}-thing`;
  return new BluemixProvider({
    host: config.host,
    port: config.port ?? 443,
    org: config.org,
    token: parts.password ?? config.password ?? "",
    identity: parts.identity ?? {},
    gateway,
    names: new DeviceNames({
      gateway,
      gatewayType: config.gateway_type,
      ...(config.gateway_id === undefined ? {} : { gatewayId: config.gateway_id }),
      thingType,
    }),
    thingType,
    keepaliveS: config.keepalive_s ?? 60,
    hears: config.commands !== undefined || (config.manage ?? []).length > 0,
    managed: config.managed ?? true,
    clock: parts.clock,
  });
}

/** How old a command of a cloud may be, unless its bridge says otherwise. */
export const DEFAULT_COMMAND_TTL_S = 60;
