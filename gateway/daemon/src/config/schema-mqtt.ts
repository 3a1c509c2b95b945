import { DEFAULT_LIMITS } from "@tram/broker";
import { ID_PATTERN, MAPPING_LIMITS } from "@tram/protocol";
import { type Static, Type } from "typebox";
import { Closed, Host, Port } from "./schema-parts.ts";

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
    retained_messages: limit(
      0,
      DEFAULT_LIMITS.retained.messages,
      "Retained messages; one account may have a quarter of them.",
    ),
    retained_bytes: limit(
      0,
      DEFAULT_LIMITS.retained.bytes,
      "Their bytes in memory; one account may have a quarter.",
    ),
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
export type MqttLimits = Static<typeof MqttLimits>;

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

/** What the configuration says of the broker. */
export const MqttConfig = Type.Object(
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
    discovery: Type.Optional(
      Type.Enum(["both", "in", "out", "off"], {
        default: "both",
        description:
          "Home Assistant's discovery. `in`: devices that describe themselves for it become Things. `out`: it is told of the Things. Tasmota, Shelly and Homie are heard in their own way whatever it says.",
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
    mappings: Type.Optional(
      Type.Array(Type.Record(Type.String(), Type.Unknown()), {
        maxItems: MAPPING_LIMITS.mappings,
        description:
          "Plain topics as Things: `{ id, title, properties: { air/temperature: { read: { topic: farm/room1/temp } } } }`. Those that are made in the web UI or by the API are kept elsewhere.",
      }),
    ),
  },
  { ...Closed, description: "The local MQTT broker." },
);
