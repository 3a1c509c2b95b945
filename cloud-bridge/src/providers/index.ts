import type { Clock } from "@tram/core";
import { PRODUCT } from "@tram/protocol";
import type { BridgeConfig, MqttBridgeConfig } from "../bridge-config.ts";
import type { Mapping } from "../mapping.ts";
import type { BridgeProvider } from "./provider.ts";

export interface ProviderParts {
  /** Id of the gateway. */
  readonly gateway: string;
  readonly mapping: Mapping;
  readonly clock: Clock;
  readonly password?: string;
}

type ProviderFactory<Config> = (config: Config, parts: ProviderParts) => Promise<BridgeProvider>;

/** The clouds by the name that the configuration calls them. A client library is loaded only where it is used. */
const PROVIDERS: {
  readonly [Name in BridgeConfig["provider"]]: ProviderFactory<BridgeConfig & { provider: Name }>;
} = {
  mqtt: openMqtt,
};

/** Makes the provider that a bridge's configuration names. Does not connect. */
export function createProvider(config: BridgeConfig, parts: ProviderParts): Promise<BridgeProvider> {
  return PROVIDERS[config.provider](config, parts);
}

async function openMqtt(config: MqttBridgeConfig, parts: ProviderParts): Promise<BridgeProvider> {
  const { MqttProvider } = await import("./mqtt.ts");
  const { mapping } = parts;
  const password = parts.password ?? config.password;
  return new MqttProvider({
    url: config.url,
    ...(config.username === undefined ? {} : { username: config.username }),
    ...(password === undefined ? {} : { password }),
    clientId: config.client_id ?? `${PRODUCT.name}-${parts.gateway}`,
    protocolVersion: config.protocol_version ?? 4,
    keepaliveS: config.keepalive_s ?? 30,
    topic: (message) => mapping.topic(message),
    payload: (message) => mapping.payload(message),
    clock: parts.clock,
  });
}
