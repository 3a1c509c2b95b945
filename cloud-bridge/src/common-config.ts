import { ID_PATTERN } from "@tram/protocol";
import { Type } from "typebox";
import { LINK_FIELDS } from "./link-config.ts";
import { AREA_PATTERN, NAME_FILTER_PATTERN, PROPERTY_FILTER_PATTERN } from "./mapping/name-filter.ts";
import { QUEUE_FIELDS } from "./queue-config.ts";

const NAMES =
  "Things (`pump`) and single properties (`pump/motor/power`); `*` stands for any characters of a level";

/** What every bridge is told, whatever its cloud. */
export const COMMON = {
  id: Type.String({ pattern: ID_PATTERN, description: "Name of this bridge, unique among the bridges." }),
  things: Type.Optional(
    Type.Array(Type.String({ pattern: NAME_FILTER_PATTERN }), {
      maxItems: 4_000,
      description: `${NAMES} (\`*/air/temperature\`): what goes there. Default: all.`,
    }),
  ),
  areas: Type.Optional(
    Type.Array(Type.String({ pattern: AREA_PATTERN }), {
      maxItems: 256,
      description: "Ids of areas: only their Things go there. Default: all, also those in none.",
    }),
  ),
  properties: Type.Optional(
    Type.Array(Type.String({ pattern: PROPERTY_FILTER_PATTERN }), {
      maxItems: 1_000,
      description:
        "Properties (`motor/power`, `*/temperature`) that go there, of whatever Thing. Default: all.",
    }),
  ),
  rate_s: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 86_400,
      description:
        "A number of a property goes there at most once in so many seconds: the first at once, and of those that come meanwhile the last, when the time is over. Other values are sent as they come. Default: no limit.",
    }),
  ),
  on_change: Type.Optional(
    Type.Boolean({
      default: false,
      description: "Only values that differ from the one that was sent last, or have another quality.",
    }),
  ),
  deadband: Type.Optional(
    Type.Number({
      minimum: 0,
      description: "A number goes there once it differs by so much from the one that was sent last.",
    }),
  ),
  deadband_percent: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1_000,
      description: "The same in percent of the one that was sent last; of both the larger counts.",
    }),
  ),
  alarms: Type.Optional(
    Type.Array(Type.String({ pattern: NAME_FILTER_PATTERN }), {
      maxItems: 1_000,
      description: `${NAMES}: their changes go first, and survive a power cut. Smoke, leaks, gas and tampering do so by themselves, where a device follows its standard model.`,
    }),
  ),
  commands: Type.Optional(
    Type.Union(
      [Type.Enum(["all"]), Type.Array(Type.String({ pattern: NAME_FILTER_PATTERN }), { maxItems: 4_000 })],
      {
        description: `What this cloud may set: \`all\`, or a list of ${NAMES}; the actions of a Thing go with the whole Thing. Default: nothing.`,
      },
    ),
  ),
  command_ttl_s: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 86_400,
      default: 60,
      description:
        "A command of this cloud that is older is refused, and waits no longer for a device. Seconds.",
    }),
  ),
  manage: Type.Optional(
    Type.Array(Type.Enum(["rules", "config"]), {
      maxItems: 2,
      description:
        "What this cloud may manage: `rules` reads and writes rule files, `config` reads the configuration without its secrets and writes those parts of it that lift nobody's rights. Default: nothing.",
    }),
  ),
  ...QUEUE_FIELDS,
  ...LINK_FIELDS,
};

/** A path, beside the configuration file or absolute. */
export const file = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, path: "always", description }));

/** Who we are to a cloud that speaks TLS, and whom we believe. The files are read at the start. */
export const TLS_FILES = {
  ca_file: file(
    "Certificates of the authorities that are believed, in PEM, instead of those that Node.js knows. Beside this file or absolute.",
  ),
  cert_file: file("Certificate of this gateway, in PEM, with what leads up to its authority."),
  key_file: file("Private key of `cert_file`, in PEM."),
};
