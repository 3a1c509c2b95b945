import { type Static, Type } from "typebox";
import { COMMON, TLS_FILES } from "../../common-config.ts";

export const AwsIotBridgeConfig = Type.Object(
  {
    ...COMMON,
    provider: Type.Enum(["aws-iot"], { description: "AWS IoT Core." }),
    endpoint: Type.String({
      pattern: "^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$",
      description: "`<id>-ats.iot.<region>.amazonaws.com`, as `aws iot describe-endpoint` tells it.",
    }),
    port: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_535,
        default: 8_883,
        description: "8883, or 443 where nothing else is let out (with ALPN `x-amzn-mqtt-ca`).",
      }),
    ),
    ...TLS_FILES,
    thing_name: Type.Optional(
      Type.String({
        // Without `--`, which stands between a gateway and its Things.
        pattern: "^[a-zA-Z0-9:_]+(?:-[a-zA-Z0-9:_]+)*$",
        maxLength: 64,
        description:
          "Name of the gateway's Thing in AWS IoT, and its client id. Its Things are `<thing_name>--<thing>`. Default: the gateway's id.",
      }),
    ),
    child_shadows: Type.Optional(
      Type.Enum(["named", "classic", "none"], {
        default: "named",
        description:
          "Where the states of its Things are: in shadows that are `named` like the gateway, in `classic` ones (at most 13 Things), or in topics alone (`none`).",
      }),
    ),
    keepalive_s: Type.Optional(
      Type.Integer({
        minimum: 30,
        maximum: 1_200,
        default: 60,
        description:
          "Seconds of silence before the cloud is asked whether it is there; half as long again, and it is given up.",
      }),
    ),
    topic_prefix: Type.Optional(
      Type.String({
        pattern: "^[^/+#$\\u0000][^/+#\\u0000]*(?:/[^/+#\\u0000]+){0,3}$",
        maxLength: 128,
        description: "Topic levels before `telemetry/<thing>/…`, four at most. Default: `tram/<thing_name>`.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type AwsIotBridgeConfig = Static<typeof AwsIotBridgeConfig>;
