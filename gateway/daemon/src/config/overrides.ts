import { resolve } from "node:path";
import { PRODUCT, show } from "@tram/protocol";
import { RUNTIME_VARIABLE } from "../runtime/places.ts";
import { ConfigError } from "./config-error.ts";

/** What the environment may override, for the demo and for tests. */
export interface Overrides {
  readonly data?: string;
  /** Folder of the local socket, absolute. */
  readonly runtime?: string;
  readonly httpPort?: number;
  readonly mqttPort?: number;
}

/** Reads what the environment overrides: `TRAM_DATA`, `TRAM_RUNTIME`, `TRAM_HTTP_PORT`, `TRAM_MQTT_PORT`. */
export function readOverrides(environment: Readonly<Record<string, string | undefined>>): Overrides {
  const data = environment[`${PRODUCT.environmentPrefix}_DATA`];
  const runtime = environment[RUNTIME_VARIABLE];
  const httpPort = readPort(environment, "HTTP_PORT");
  const mqttPort = readPort(environment, "MQTT_PORT");
  return {
    ...(data === undefined || data === "" ? {} : { data }),
    ...(runtime === undefined || runtime === "" ? {} : { runtime: resolve(runtime) }),
    ...(httpPort === undefined ? {} : { httpPort }),
    ...(mqttPort === undefined ? {} : { mqttPort }),
  };
}

function readPort(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
): number | undefined {
  const key = `${PRODUCT.environmentPrefix}_${name}`;
  const text = environment[key];
  if (text === undefined || text === "") return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new ConfigError(
      "config",
      `environment: ${key}: expected a port from 0 to 65535, found ${show(text)}`,
    );
  }
  return port;
}
