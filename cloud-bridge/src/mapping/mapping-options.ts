import type { Json } from "@tram/protocol";
import type { BridgeConfig } from "../bridge-config.ts";
import type { MappingOptions } from "../mapping.ts";

/** What the configuration of a bridge says of the way in which the house looks at its cloud. */
export function mappingOptions(config: BridgeConfig, gateway: string): MappingOptions {
  const {
    alarms,
    areas,
    deadband,
    deadband_percent: percent,
    on_change: onChange,
    properties,
    rate_s: rateS,
    things,
  } = config;
  return {
    gateway,
    ...(things === undefined ? {} : { things }),
    ...(areas === undefined ? {} : { areas }),
    ...(properties === undefined ? {} : { properties }),
    ...(alarms === undefined ? {} : { alarms }),
    changes: {
      ...(rateS === undefined ? {} : { intervalMs: rateS * 1_000 }),
      ...(onChange === undefined ? {} : { onChange }),
      ...(deadband === undefined ? {} : { deadband }),
      ...(percent === undefined ? {} : { deadbandPercent: percent }),
    },
    ...ofProvider(config),
  };
}

/** Shadows and twins hold states; a broker is told each value, unless it is asked otherwise. */
function ofProvider(config: BridgeConfig): Partial<MappingOptions> {
  if (config.provider !== "mqtt") return { latest: true };
  const { format, payload, state, topic, topic_prefix: topicPrefix } = config;
  if (format === "homie") return { valuesAlone: true, latest: true };
  return {
    latest: state === "latest",
    ...(topicPrefix === undefined ? {} : { topicPrefix }),
    ...(topic === undefined ? {} : { topic }),
    ...(payload === undefined ? {} : { payload: payload as Json }),
  };
}
