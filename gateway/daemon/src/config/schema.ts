import { ID_PATTERN, PRODUCT } from "@tram/protocol";
import { type Static, Type } from "typebox";
import { FlashConfig, HistoryConfig } from "./schema-history.ts";
import { MqttConfig } from "./schema-mqtt.ts";
import { Closed, Host, Port } from "./schema-parts.ts";
import { RulesConfig } from "./schema-rules.ts";

const GatewayConfig = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        pattern: ID_PATTERN,
        description:
          "Id of this gateway: its Homie root device and its name in the cloud. a-z, 0-9 and -. Default: the host's name.",
      }),
    ),
    name: Type.Optional(Type.String({ maxLength: 256, description: "Name for people. Default: the id." })),
    latitude: Type.Optional(Type.Number({ minimum: -90, maximum: 90, description: "Degrees north." })),
    longitude: Type.Optional(Type.Number({ minimum: -180, maximum: 180, description: "Degrees east." })),
    timezone: Type.Optional(
      Type.String({ description: "IANA time zone of rules: Asia/Ho_Chi_Minh. Default: the system's." }),
    ),
    clock: Type.Optional(
      Type.Enum(["auto", "trusted"], {
        default: "auto",
        description:
          "`auto` believes the wall clock once a time source has set it; `trusted` believes it always (a machine that is known to have a good clock).",
      }),
    ),
    wan: Type.Optional(
      Type.Enum(["metered", "unmetered"], {
        description:
          "Whether the way to the Internet costs by the byte. What switches between lines may write one of the two words to the file `wan` in the runtime folder; that counts then. Default: not known, which counts as metered for budgets and defers nothing.",
      }),
    ),
  },
  { ...Closed, description: "Who and where this gateway is." },
);

const HttpConfig = Type.Object(
  {
    host: Host("0.0.0.0", "Address to listen on."),
    port: Port(8080, "TCP port of the UI and the API; 0 takes a free one."),
    hosts: Type.Optional(
      Type.Array(Type.String({ pattern: "^[A-Za-z0-9.-]{1,253}$" }), {
        maxItems: 32,
        description:
          "Names under which browsers reach the gateway, besides its addresses, plain names, `*.lan`, `*.local`, `*.home.arpa` and `*.internal`. Others are refused (DNS rebinding).",
      }),
    ),
  },
  { ...Closed, description: "The web UI and the HTTP API." },
);

const ModuleConfig = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN, description: "Name of this instance, unique among the modules." }),
    use: Type.String({
      minLength: 1,
      path: "dotted",
      description: "A built-in module (`sim`), or a file: `./my-module.js` beside this file, or absolute.",
    }),
    isolation: Type.Optional(
      Type.Enum(["in-process", "child-process"], {
        description: "Where it runs. Default: what the module asks for; files always run in a child process.",
      }),
    ),
    config: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: "The module's own settings." }),
    ),
  },
  Closed,
);
export type ModuleConfig = Static<typeof ModuleConfig>;

/** Where the package of Node-RED puts it. */
export const NODE_RED_DIR = `/usr/lib/${PRODUCT.name}/node-red`;

const EventsConfig = Type.Object(
  {
    memory_mb: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_024,
        description:
          "Memory for the events, in MB; 0 records nothing. Default: a thirty-second of what the machine or the control group has, from 2 to 8. 100 sensors that report every ten seconds take 2 MB a day.",
      }),
    ),
    disk_mb: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_024,
        default: 0,
        description:
          "Room for them on the disk of the data folder too, in MB, where they survive a restart; 0 keeps them in memory alone. It writes each minute in which something happened.",
      }),
    ),
    keep_hours: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 8_760,
        default: 48,
        description: "Older events go, also where there is room for them. Hours.",
      }),
    ),
  },
  {
    ...Closed,
    description:
      "The journal of events: every reading, command and change of the latest days, for replays of rules and for support (`tram events`).",
  },
);

const NodeRedConfig = Type.Object(
  {
    enabled: Type.Optional(
      Type.Boolean({ default: true, description: "Start Node-RED where it is installed." }),
    ),
    dir: Type.Optional(
      Type.String({
        minLength: 1,
        default: NODE_RED_DIR,
        path: "always",
        description: "Folder whose `node_modules` has Node-RED. Beside this file or absolute.",
      }),
    ),
    palette: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          "Let administrators install further nodes from the editor. It needs the Internet, and runs what others wrote.",
      }),
    ),
  },
  {
    ...Closed,
    description:
      "Node-RED, an optional package: a process of its own behind the gateway's sign-on, for administrators, at `/node-red/`.",
  },
);

const LogConfig = Type.Object(
  {
    level: Type.Optional(
      Type.Enum(["debug", "info", "warn", "error"], {
        default: "info",
        description: "Least level that is written.",
      }),
    ),
  },
  { ...Closed, description: "The log goes to standard error, one JSON object a line." },
);

/**
 * The configuration file. Unknown keys are errors. The descriptions are the reference: `tram config print` and
 * docs/reference/config.md are made of them, and the options of UCI are its keys (docs/reference/uci.md). `path` marks a
 * text that is a path: `always`, or `dotted` where it is one only if it looks like one.
 */
export const Config = Type.Object(
  {
    gateway: Type.Optional(GatewayConfig),
    data: Type.Optional(
      Type.String({
        default: "data",
        path: "always",
        description:
          "Folder of the database and the last good configuration, and of the local socket where TRAM_RUNTIME names no folder for it. Beside this file or absolute.",
      }),
    ),
    mqtt: Type.Optional(MqttConfig),
    http: Type.Optional(HttpConfig),
    modules: Type.Optional(
      Type.Array(ModuleConfig, { maxItems: 64, description: "Radio and protocol drivers." }),
    ),
    rules: Type.Optional(RulesConfig),
    history: Type.Optional(HistoryConfig),
    flash: Type.Optional(FlashConfig),
    cloud: Type.Optional(
      Type.Array(Type.Record(Type.String(), Type.Unknown()), {
        maxItems: 8,
        description: "Bridges to clouds: `{ id, provider, … }`, the rest is the provider's own.",
      }),
    ),
    events: Type.Optional(EventsConfig),
    node_red: Type.Optional(NodeRedConfig),
    log: Type.Optional(LogConfig),
  },
  Closed,
);
export type ConfigDocument = Static<typeof Config>;
