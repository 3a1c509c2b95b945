import { type Static, Type } from "typebox";

const Time = Type.String({ format: "date-time" });
const Pem = (description: string) => Type.String({ description: `${description} PEM.` });

export const AuthorityView = Type.Object({
  exists: Type.Boolean(),
  certificate: Type.Optional(Pem("What clients check the broker's certificate with.")),
  fingerprint: Type.Optional(Type.String({ description: "SHA-256 of the certificate, to compare by eye." })),
  revocationList: Type.Optional(Pem("The signed list of revoked certificates.")),
  broker: Type.Optional(
    Type.Object(
      {
        serial: Type.String({ description: "Hexadecimal." }),
        notAfter: Time,
        names: Type.Array(Type.String(), { description: "Names and addresses that it stands for." }),
      },
      { description: "The broker's certificate." },
    ),
  ),
  previous: Type.Optional(
    Type.Object(
      {
        fingerprint: Type.String({ description: "SHA-256." }),
        until: Type.Optional(
          Type.String({
            format: "date-time",
            description: "When it ceases to count; absent until the clock is believed.",
          }),
        ),
      },
      { description: "The authority before this one, while what it signed counts." },
    ),
  ),
  issued: Type.Array(
    Type.Object({
      serial: Type.String({ description: "Hexadecimal." }),
      id: Type.String({ description: "Common name: the account." }),
      notAfter: Time,
      revokedAt: Type.Optional(Time),
    }),
  ),
});
export type AuthorityView = Static<typeof AuthorityView>;

/** Largest certificate signing request, in characters of PEM. */
const CSR_LIMIT = 8_192;

export const CertificateRequest = Type.Object(
  {
    id: Type.String({
      pattern: "^[A-Za-z0-9._-]{1,64}$",
      description: "Account that the certificate stands for.",
    }),
    csr: Type.Optional(
      Type.String({
        maxLength: CSR_LIMIT,
        description: "PKCS #10, PEM, of a client that keeps its key to itself.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type CertificateRequest = Static<typeof CertificateRequest>;

export const NewCertificate = Type.Object({
  id: Type.String(),
  serial: Type.String(),
  certificate: Pem("The client's certificate."),
  key: Type.Optional(Pem("Its private key, this once; not with a `csr`.")),
  ca: Pem("What the broker's certificate is checked with."),
  password: Type.String({ description: "The account's new password: the one before is void." }),
});
export type NewCertificate = Static<typeof NewCertificate>;

export const Rotation = Type.Object(
  {
    what: Type.Enum(["server", "authority"], {
      description: "The broker's certificate; or the authority, whose certificates count for a while more.",
    }),
    overlapDays: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 3_650,
        default: 365,
        description:
          "How long the authority before counts. 0 when its key is in wrong hands: all that it signed is revoked.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type Rotation = Static<typeof Rotation>;
