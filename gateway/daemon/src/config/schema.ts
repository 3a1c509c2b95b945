import { DEFAULT_LIMITS } from "@tram/broker";
import { ID_PATTERN, PRODUCT } from "@tram/protocol";
import { type Static, Type } from "typebox";

/**
 * The configuration file. Unknown keys are errors. The descriptions are the reference: `tram config print` and
 * docs/reference/config.md are made of them, and the options of UCI are its keys (docs/reference/uci.md). `path` marks a
 * text that is a path: `always`, or `dotted` where it is one only if it looks like one.
 */
const Closed = { additionalProperties: false } as const;

const Port = (fallback: number, description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535, default: fallback, description }));

const Host = (fallback: string, description: string) =>
  Type.Optional(Type.String({ minLength: 1, default: fallback, description }));

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
  },
  { ...Closed, description: "Who and where this gateway is." },
);

export const MqttAccount = Type.Object(
  {
    username: Type.String({
      pattern: "^[A-Za-z0-9._-]{1,64}$",
      description: "Name of the account; for a device also its id.",
    }),
    password: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: "Or use password_file." }),
    ),
    password_file: Type.Optional(
      Type.String({
        path: "always",
        description: "File with the password in its first line, beside this file or absolute.",
      }),
    ),
    role: Type.Enum(["device", "dashboard", "service"], {
      description:
        "`device`: writes and reads `homie/5/<username>/…` and its children `<username>-*` that are nobody else's, reads `tram/1/<username>/…`. `dashboard`: reads all. `service`: reads and writes all.",
    }),
    topics: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        maxItems: 64,
        description:
          "Topic prefixes of a device that does not speak Homie, instead of its Homie topics. A level may be `+`.",
      }),
    ),
  },
  Closed,
);
export type MqttAccount = Static<typeof MqttAccount>;

const MqttListener = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        pattern: ID_PATTERN,
        description: "Name of the listener. Default: its protocol and its port.",
      }),
    ),
    protocol: Type.Enum(["mqtt", "mqtts", "ws", "wss"], {
      description: "Plain TCP, TLS, WebSocket at `/mqtt`, or that over TLS.",
    }),
    host: Host("0.0.0.0", "Address to listen on."),
    interface: Type.Optional(
      Type.String({
        pattern: "^[A-Za-z0-9._-]{1,15}$",
        description: "Network interface to listen on instead: `br-lan`. Its addresses are followed.",
      }),
    ),
    port: Type.Integer({ minimum: 0, maximum: 65_535, description: "TCP port; 0 takes a free one." }),
    connections: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: "Connections at a time. Default: `mqtt.limits.connections`.",
      }),
    ),
    client_certificates: Type.Optional(
      Type.Enum(["off", "optional", "required"], {
        default: "optional",
        description:
          "Of `mqtts` and `wss`: whether clients show a certificate. Its common name is their account.",
      }),
    ),
  },
  Closed,
);

export type MqttListener = Static<typeof MqttListener>;

const MqttTls = Type.Object(
  {
    cert_file: Type.String({
      path: "always",
      description: "Certificate of the broker, PEM, with its chain.",
    }),
    key_file: Type.String({ path: "always", description: "Its private key, PEM." }),
    ca_file: Type.Optional(
      Type.String({ path: "always", description: "Authorities of the certificates of clients, PEM." }),
    ),
  },
  { ...Closed, description: "Certificate in files, instead of the gateway's own authority." },
);

const limit = (minimum: number, fallback: number, description: string, maximum = 2 ** 40) =>
  Type.Optional(Type.Integer({ minimum, maximum, default: fallback, description }));

/** 3.1.1 and 5.0 §2.2.3 (§2.1.4): what the length of a packet can say, with its own bytes. */
const LARGEST_PACKET_BYTES = 268_435_460;

const MqttLimits = Type.Object(
  {
    packet_bytes: limit(
      1_024,
      DEFAULT_LIMITS.packetBytes,
      "Largest packet of a client, bytes.",
      LARGEST_PACKET_BYTES,
    ),
    connections: limit(1, DEFAULT_LIMITS.connections, "Connections at a time."),
    sessions: limit(1, DEFAULT_LIMITS.sessions, "Sessions, those of absent clients included."),
    session_expiry_seconds: limit(
      1,
      DEFAULT_LIMITS.sessionExpirySeconds,
      "Longest life of a session whose client is away, seconds.",
    ),
    subscriptions: limit(1, DEFAULT_LIMITS.subscriptions, "Subscriptions of a client."),
    in_flight: limit(
      1,
      DEFAULT_LIMITS.inFlight,
      "Unacknowledged messages at a time, each way, for one client.",
      65_535,
    ),
    queue_messages: limit(
      1,
      DEFAULT_LIMITS.queue.messages,
      "Messages that wait for one client; the oldest make room.",
    ),
    queue_bytes: limit(1_024, DEFAULT_LIMITS.queue.bytes, "Their bytes."),
    queued_bytes: limit(1_024, DEFAULT_LIMITS.queuedBytes, "Bytes that wait for all clients together."),
    retained_messages: limit(0, DEFAULT_LIMITS.retained.messages, "Retained messages."),
    retained_bytes: limit(0, DEFAULT_LIMITS.retained.bytes, "Their bytes in memory."),
    messages_per_second: limit(
      1,
      DEFAULT_LIMITS.messagesPerSecond,
      "Messages that a client may publish in a second; whoever sends more is read more slowly.",
    ),
    memory_bytes: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2 ** 40,
        description:
          "Memory that the process has written, in bytes, above which no new client is let in; 0 for none. Default: six tenths of what the machine or the control group has.",
      }),
    ),
  },
  { ...Closed, description: "What clients can cost. For the gateway's own engine." },
);

const MqttExternal = Type.Object(
  {
    url: Type.String({
      pattern: "^(?:mqtts?|wss?)://[^@\\s]{1,512}$",
      description:
        "Address of the broker, without credentials: `mqtts://broker.lan:8883`, `wss://broker.lan/mqtt`.",
    }),
    username: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: "The gateway's account there." }),
    ),
    password: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: "Or use password_file." }),
    ),
    password_file: Type.Optional(
      Type.String({ path: "always", description: "File with the password in its first line." }),
    ),
    ca_file: Type.Optional(
      Type.String({
        path: "always",
        description: "Authorities of the broker's certificate, PEM. Default: those of the system.",
      }),
    ),
    cert_file: Type.Optional(
      Type.String({ path: "always", description: "Certificate of the gateway, PEM, where the broker asks." }),
    ),
    key_file: Type.Optional(Type.String({ path: "always", description: "Its private key, PEM." })),
    client_id: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: "Client id; the broker keeps a session for it. Default: `tram-` and the gateway's id.",
      }),
    ),
    version: Type.Optional(
      Type.Enum(["auto", "5.0", "3.1.1"], {
        default: "auto",
        description: "MQTT version. `auto`: 5.0, and 3.1.1 with a broker that does not know it.",
      }),
    ),
    keep_alive_seconds: Type.Optional(
      Type.Integer({
        minimum: 5,
        maximum: 3_600,
        default: 30,
        description: "A link that is dead is noticed after one and a half times as long.",
      }),
    ),
    session_expiry_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 31_536_000,
        default: 86_400,
        description:
          "How long the broker keeps what devices say while the gateway is away. Commands wait as long: with 3.1.1 its own settings decide.",
      }),
    ),
  },
  { ...Closed, description: "The broker of others that `engine: external` uses: mosquitto, EMQX, HiveMQ." },
);
export type MqttExternal = Static<typeof MqttExternal>;

const MqttConfig = Type.Object(
  {
    engine: Type.Optional(
      Type.Enum(["tram", "aedes", "external"], {
        default: "tram",
        description:
          "The broker: the gateway's own; aedes, which knows MQTT 3.1.1 alone and keeps no sessions; or one of others, which the gateway is a client of.",
      }),
    ),
    external: Type.Optional(MqttExternal),
    host: Host("0.0.0.0", "Address to listen on."),
    port: Port(1883, "TCP port; 0 takes a free one."),
    listeners: Type.Optional(
      Type.Array(MqttListener, {
        maxItems: 16,
        description:
          "Further doors of the broker, besides `host` and `port`. WebSocket is also at `/mqtt` of the HTTP port.",
      }),
    ),
    tls: Type.Optional(MqttTls),
    limits: Type.Optional(MqttLimits),
    durable: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 1_024 }), {
        maxItems: 64,
        description:
          "Topic filters whose messages are on the disk, and not only safe from a crash, before they are acknowledged.",
      }),
    ),
    durability: Type.Optional(
      Type.Enum(["standard", "strict"], {
        default: "standard",
        description:
          "`standard`: telemetry survives a crash at once, and a power cut after the sync window. `strict`: everything is synced before it is acknowledged (for eMMC and SSD).",
      }),
    ),
    anonymous: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          "Let everybody in with the rights of a service. For a bench only; the UI warns all the time.",
      }),
    ),
    clients: Type.Optional(Type.Array(MqttAccount, { maxItems: 2_000, description: "Fixed accounts." })),
  },
  { ...Closed, description: "The local MQTT broker." },
);

export type MqttLimits = Static<typeof MqttLimits>;

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
    rules: Type.Optional(
      Type.Object(
        {
          dir: Type.Optional(
            Type.String({
              default: "rules",
              path: "always",
              description: "Folder of the rule files, beside this file or absolute.",
            }),
          ),
        },
        { ...Closed, description: "The rules." },
      ),
    ),
    cloud: Type.Optional(
      Type.Array(Type.Record(Type.String(), Type.Unknown()), {
        maxItems: 8,
        description: "Bridges to clouds: `{ id, provider, … }`, the rest is the provider's own.",
      }),
    ),
    node_red: Type.Optional(NodeRedConfig),
    log: Type.Optional(LogConfig),
  },
  Closed,
);
export type ConfigDocument = Static<typeof Config>;
