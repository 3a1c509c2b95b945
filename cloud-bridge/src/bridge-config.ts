import { PRODUCT } from "@tram/protocol";
import { type Static, type TSchema, Type } from "typebox";
import { COMMON, file, TLS_FILES } from "./common-config.ts";
import { AwsIotBridgeConfig } from "./providers/aws-iot/config.ts";
import { BluemixBridgeConfig } from "./providers/bluemix/config.ts";

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
    password_file: file("File with the password in its first line, beside this file or absolute."),
    ...TLS_FILES,
    alpn: Type.Optional(
      Type.Array(Type.String({ pattern: "^[!-~]{1,255}$" }), {
        maxItems: 8,
        description: "Protocols that TLS offers (ALPN), where the broker shares port 443: `mqtt`.",
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
        description:
          "Seconds of silence before the broker is asked whether it is there; half as long again, and it is given up. Default: 30, and 120 where `gateway.wan` is metered.",
      }),
    ),
    format: Type.Optional(
      Type.Enum(["json", "homie"], {
        default: "json",
        description:
          "`json` as below; `homie` tells the Things at `homie/5/…`, retained, as the gateway's own broker does.",
      }),
    ),
    topic_prefix: Type.Optional(
      Type.String({
        pattern: "^[^/+#$\\u0000][^/+#\\u0000]*(?:/[^/+#\\u0000]+)*$",
        maxLength: 200,
        description: `Topic levels before \`<thing>/<node>/<property>\`. Default: \`${PRODUCT.name}/<gateway>\`.`,
      }),
    ),
    topic: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1_000,
        description:
          "Topic of a reading, instead: `plant/{gateway}/{thing}/{node}/{property}`. Variables: `gateway`, `thing`, `node`, `property`, `name` (node/property).",
      }),
    ),
    payload: Type.Optional(
      Type.Union(
        [Type.Record(Type.String(), Type.Unknown()), Type.String({ minLength: 1, maxLength: 1_000 })],
        {
          description:
            'Payload of a reading, instead: `{ v: "{value}", t: "{time}" }` is JSON, a text is text. Variables: those of `topic`, `id`, `time`, `time_ms`, `value`, `quality`, `class`.',
        },
      ),
    ),
    state: Type.Optional(
      Type.Enum(["each", "latest"], {
        default: "each",
        description:
          "Of what can be set, or is no number: `each` value goes there, or, after an outage, the `latest` alone.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type MqttBridgeConfig = Static<typeof MqttBridgeConfig>;

/** The form of an entry by what its `provider` says. */
export const BRIDGE_FORMS = {
  mqtt: MqttBridgeConfig,
  "aws-iot": AwsIotBridgeConfig,
  bluemix: BluemixBridgeConfig,
} as const satisfies Readonly<Record<string, TSchema>>;

/** An entry of `cloud` in the configuration file. */
export const BridgeConfig = Type.Union([MqttBridgeConfig, AwsIotBridgeConfig, BluemixBridgeConfig]);
export type BridgeConfig = Static<typeof BridgeConfig>;
