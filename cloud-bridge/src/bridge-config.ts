import { ID_PATTERN, PRODUCT } from "@tram/protocol";
import { type Static, Type } from "typebox";

const ID = ID_PATTERN.slice(1, -1);

/** What every bridge is told, whatever its cloud. */
const COMMON = {
  id: Type.String({ pattern: ID_PATTERN, description: "Name of this bridge, unique among the bridges." }),
  things: Type.Optional(
    Type.Array(Type.String({ pattern: `^${ID}(?:/${ID}/${ID})?$` }), {
      maxItems: 4_000,
      description: "Things (`pump`) and single properties (`pump/motor/power`) that go there. Default: all.",
    }),
  ),
  queue_rows: Type.Optional(
    Type.Integer({
      minimum: 100,
      maximum: 10_000_000,
      default: 1_000_000,
      description: "Most messages that wait on disk; then the oldest telemetry is dropped, and counted.",
    }),
  ),
  queue_mb: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100_000, default: 256, description: "The same in MB of messages." }),
  ),
};

export const MqttBridgeConfig = Type.Object(
  {
    ...COMMON,
    provider: Type.Enum(["mqtt"], { description: "The cloud's dialect. `mqtt`: any MQTT broker." }),
    url: Type.String({
      // No user:password@ in here: an address is shown and logged.
      pattern: "^mqtts?://(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?/?$",
      description: "`mqtt://host:1883` or `mqtts://host:8883` (TLS). The port may be left out.",
    }),
    username: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 })),
    password: Type.Optional(
      Type.String({ minLength: 1, maxLength: 4_096, description: "Or use password_file." }),
    ),
    password_file: Type.Optional(
      Type.String({
        minLength: 1,
        path: "always",
        description: "File with the password in its first line, beside this file or absolute.",
      }),
    ),
    client_id: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: `Must be unique at the broker. Default: \`${PRODUCT.name}-<gateway>\`.`,
      }),
    ),
    protocol_version: Type.Optional(
      Type.Enum([4, 5], { default: 4, description: "4 is MQTT 3.1.1, 5 is MQTT 5.0." }),
    ),
    keepalive_s: Type.Optional(
      Type.Integer({
        minimum: 5,
        maximum: 1_200,
        default: 30,
        description:
          "Seconds of silence before the broker is asked whether it is there; half as long again, and it is given up.",
      }),
    ),
    topic_prefix: Type.Optional(
      Type.String({
        pattern: "^[^/+#\\u0000]+(?:/[^/+#\\u0000]+)*$",
        maxLength: 200,
        description: `Topic levels before \`<thing>/<node>/<property>\`. Default: \`${PRODUCT.name}/<gateway>\`.`,
      }),
    ),
  },
  { additionalProperties: false },
);
export type MqttBridgeConfig = Static<typeof MqttBridgeConfig>;

/** An entry of `cloud` in the configuration file. With a second provider this becomes a union over `provider`. */
export const BridgeConfig = MqttBridgeConfig;
export type BridgeConfig = MqttBridgeConfig;
