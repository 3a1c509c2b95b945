import { type Static, Type } from "typebox";

/**
 * Who may use the broker: credentials, the pairing window, and the audit log. Times are ISO 8601 in UTC, by the
 * gateway's clock, which may be wrong: `clock` says how far it could be believed then.
 */
const Time = Type.String({ format: "date-time" });
const Clock = Type.Enum(["untrusted", "holdover", "synced"]);

/** The same rule as for Things: a device's credential carries the device's id. */
const Id = Type.String({
  maxLength: 64,
  description: "a-z, 0-9 and -: the user name, and of a device also its id.",
});

export const CredentialRole = Type.Enum(["device", "dashboard", "controller", "service"], {
  description:
    "`device`: its own topics. `dashboard`: reads. `controller`: reads, and sends commands. `service`: reads and writes all.",
});
export type CredentialRole = Static<typeof CredentialRole>;

/** What a credential can be made for without a claim code. */
export const CREDENTIAL_KINDS = [
  "homie",
  "tasmota",
  "shelly",
  "esphome",
  "generic",
  "dashboard",
  "node-red",
  "service",
] as const;

export const CredentialKind = Type.Enum([...CREDENTIAL_KINDS], {
  description: "What will use it; its topics and its role follow from that.",
});
export type CredentialKind = Static<typeof CredentialKind>;

export const TopicRights = Type.Object({
  read: Type.Array(Type.String(), { description: "Topic filters that it may subscribe to, or to parts of." }),
  write: Type.Array(Type.String(), { description: "Topic filters that it may publish to." }),
});
export type TopicRights = Static<typeof TopicRights>;

export const CredentialView = Type.Object({
  id: Id,
  kind: Type.String({ description: "What uses it, in the words of whoever granted or claimed it." }),
  role: CredentialRole,
  topics: Type.Optional(TopicRights),
  createdAt: Time,
  clock: Clock,
  createdBy: Type.String(),
  certificate: Type.Boolean({ description: "It may also enter with its client certificate." }),
  connected: Type.Boolean(),
  lastSeen: Type.Optional(
    Type.String({ format: "date-time", description: "Its last login since the start." }),
  ),
});
export type CredentialView = Static<typeof CredentialView>;

export const CredentialRequest = Type.Object(
  {
    id: Type.Optional(Id),
    kind: CredentialKind,
    topics: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        minItems: 1,
        maxItems: 16,
        description: "Topic prefixes instead of the kind's own; for `generic`.",
      }),
    ),
    replace: Type.Optional(
      Type.Boolean({ description: "Replace what has this id: the old secret is void at once." }),
    ),
  },
  { additionalProperties: false },
);
export type CredentialRequest = Static<typeof CredentialRequest>;

/** The only answer of this route that ever carries the secret. */
export const NewCredential = Type.Object({
  credential: CredentialView,
  password: Type.String({ description: "160 random bits, typeable. It is not shown again." }),
  broker: Type.Object({ host: Type.String(), port: Type.Integer() }),
});
export type NewCredential = Static<typeof NewCredential>;

export const PairingRequest = Type.Object(
  {
    minutes: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 60, default: 5, description: "How long it stays open." }),
    ),
    uses: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, default: 1, description: "How many devices may claim." }),
    ),
    id: Type.Optional(Type.String({ maxLength: 64, description: "Only a device with this id may claim." })),
    replace: Type.Optional(
      Type.String({ maxLength: 64, description: "A device with this id may claim although it is taken." }),
    ),
  },
  { additionalProperties: false },
);
export type PairingRequest = Static<typeof PairingRequest>;

export const PairingView = Type.Object({
  open: Type.Boolean(),
  expiresInS: Type.Optional(Type.Integer()),
  usesLeft: Type.Optional(Type.Integer()),
  claimed: Type.Optional(Type.Array(Type.String(), { description: "Ids of the devices that have claimed." })),
});
export type PairingView = Static<typeof PairingView>;

/** The only answer that ever carries the code. */
export const NewPairing = Type.Object({
  ...PairingView.properties,
  code: Type.String({ description: "What a device sends as its password, with the user name `pair`." }),
  uri: Type.String({
    description: "All that a device needs, for a QR code: mqtt://pair:<code>@<host>:<port>",
  }),
  broker: Type.Object({ host: Type.String(), port: Type.Integer() }),
});
export type NewPairing = Static<typeof NewPairing>;

/** Largest certificate signing request, in characters of PEM. */
export const CSR_LIMIT = 8_192;

export const ClaimRequest = Type.Object(
  {
    code: Type.String({ maxLength: 64 }),
    id: Type.String({ maxLength: 64 }),
    kind: Type.String({ maxLength: 64 }),
    csr: Type.Optional(
      Type.String({ maxLength: CSR_LIMIT, description: "PKCS #10 in PEM, for a client certificate." }),
    ),
  },
  { additionalProperties: false },
);
export type ClaimRequest = Static<typeof ClaimRequest>;

/** What a device gets, once: over MQTT as the payload of the reply, over HTTP as the body. */
export const ClaimReply = Type.Object({
  id: Type.String(),
  username: Type.String(),
  password: Type.String(),
  certificate: Type.Optional(Type.String({ description: "In PEM; only with a `csr`." })),
  ca: Type.Optional(
    Type.String({ description: "What the gateway's own certificate is checked with, in PEM." }),
  ),
});
export type ClaimReply = Static<typeof ClaimReply>;

export const AuditView = Type.Object({
  time: Time,
  clock: Clock,
  action: Type.String({ description: "`credential-granted`, `credential-revoked`, `publish-denied`, …" }),
  subject: Type.String({ description: "Whom or what it is about." }),
  by: Type.String({ description: "Who did it." }),
  address: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  count: Type.Optional(
    Type.Integer({ description: "So many times since the entry before; absent for once." }),
  ),
});
export type AuditView = Static<typeof AuditView>;
