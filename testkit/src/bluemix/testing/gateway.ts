import type { IClientOptions, MqttClient } from "mqtt";
import type { Bluemix } from "../bluemix.ts";

export const GATEWAY = { type: "gw", id: "farm" };
export const TOKEN = "a-token";

/** What a gateway connects with; nothing is tried twice. */
export function optionsOf(cloud: Bluemix): IClientOptions & { readonly clientId: string } {
  return {
    protocol: "mqtts",
    host: "127.0.0.1",
    servername: cloud.host,
    port: cloud.port,
    ca: cloud.rootCa,
    clientId: `g:${cloud.registry.org}:${GATEWAY.type}:${GATEWAY.id}`,
    username: "use-token-auth",
    password: TOKEN,
    protocolVersion: 4,
    reconnectPeriod: 0,
    resubscribe: false,
    keepalive: 0,
  };
}

/** Resolves with what a client tells when it does so next. */
export function next(client: MqttClient, event: "connect" | "close" | "error"): Promise<unknown> {
  return new Promise((resolve) => client.once(event, (said?: unknown) => resolve(said)));
}
