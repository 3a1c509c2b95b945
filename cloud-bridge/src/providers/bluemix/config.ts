import { PRODUCT } from "@tram/protocol";
import { type Static, Type } from "typebox";
import { COMMON, file, TLS_FILES } from "../../common-config.ts";
import { NAME_PATTERN } from "./limits.ts";

/** A device type, or the id of a device. */
const name = (description: string) => Type.String({ pattern: NAME_PATTERN, description });

export const BluemixBridgeConfig = Type.Object(
  {
    ...COMMON,
    provider: Type.Enum(["bluemix"], {
      description: "IBM's gateway protocol (Watson IoT Platform, Bluemix), which lives on in Maximo Monitor.",
    }),
    host: Type.String({
      pattern: "^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$",
      description: "`<org>.messaging.iot.<domain>`, as the IoT tool of Maximo Monitor shows it.",
    }),
    port: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_535,
        default: 443,
        description: "443, or 8883. It is TLS on every port.",
      }),
    ),
    org: Type.String({
      pattern: "^[A-Za-z0-9_-]{1,36}$",
      description: "Id of the organisation, mostly six characters.",
    }),
    gateway_type: name("Device type of this gateway; its class there is `gateway`."),
    gateway_id: Type.Optional(name("Device id of this gateway. Default: the gateway's id.")),
    thing_type: Type.Optional(
      Type.String({
        pattern: NAME_PATTERN,
        default: `${PRODUCT.name}-thing`,
        description:
          "Device type of its Things; their device ids are `<gateway_id>_<thing>`. What other gateways have of it is heard, too, and thrown away: give each its own where many share an organisation.",
      }),
    ),
    password: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4_096,
        description: "Authentication token of the gateway. Or use password_file.",
      }),
    ),
    password_file: file("File with the token in its first line, beside this file or absolute."),
    ...TLS_FILES,
    keepalive_s: Type.Optional(
      Type.Integer({
        minimum: 30,
        maximum: 1_200,
        default: 60,
        description:
          "Seconds of silence before the cloud is asked whether it is there; half as long again, and it is given up.",
      }),
    ),
    managed: Type.Optional(
      Type.Boolean({
        default: true,
        description:
          "Whether the gateway is a managed device: the cloud may then offer it firmware, and sees when it has been away for long.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type BluemixBridgeConfig = Static<typeof BluemixBridgeConfig>;
