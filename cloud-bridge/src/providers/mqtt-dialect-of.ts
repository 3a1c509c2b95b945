import type { MqttBridgeConfig } from "../bridge-config.ts";
import type { ProviderParts } from "./index.ts";
import type { MqttDialect } from "./mqtt-dialect.ts";
import { HomieDialect } from "./mqtt-homie.ts";
import { JsonDialect } from "./mqtt-json.ts";

/** How the configuration wants the house to look at a broker. */
export function dialectOf(
  config: MqttBridgeConfig,
  parts: Pick<ProviderParts, "gateway" | "mapping" | "describe"> & { readonly newId: () => string },
): MqttDialect {
  const { gateway, mapping, describe, newId } = parts;
  if (config.format === "homie") return new HomieDialect({ gateway, describe, newId });
  return new JsonDialect({ mapping, manages: (config.manage ?? []).length > 0, newId });
}
