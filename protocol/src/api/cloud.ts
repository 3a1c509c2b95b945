import { type Static, Type } from "typebox";
import { ID_PATTERN } from "../ids.ts";

const Pem = (description: string) => Type.String({ minLength: 1, maxLength: 65_536, description });
const Id = Type.String({ pattern: ID_PATTERN, description: "Name of the bridge, unique among the bridges." });
const CERTIFICATE = Pem(
  "A certificate of this gateway that is there already, with what leads up to its authority. It is not renewed by itself.",
);
const KEY = Pem("Its private key, unencrypted.");

const COMMON = {
  id: Id,
  ca: Type.Optional(
    Pem("Certificates of the authorities that are believed, in PEM, instead of those that are known."),
  ),
  certificate: Type.Optional(CERTIFICATE),
  key: Type.Optional(KEY),
  more: Type.Optional(
    Type.Record(Type.String({ maxLength: 64 }), Type.Unknown(), {
      description:
        "What else a bridge may be told, as in the configuration: `things`, `commands`, `topic_prefix`, …",
    }),
  ),
  check: Type.Optional(
    Type.Boolean({
      default: true,
      description: "Whether it must have taken a message before it is kept.",
    }),
  ),
};

const Host = Type.String({ minLength: 1, maxLength: 253 });
const Port = Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 }));
const Name = (description: string) => Type.String({ minLength: 1, maxLength: 36, description });

const NewAwsCloud = Type.Object(
  {
    ...COMMON,
    provider: Type.Enum(["aws-iot"]),
    endpoint: Host,
    port: Port,
    claim: Type.Optional(
      Type.Object(
        {
          certificate: Pem("The claim certificate. It is used now, and not kept."),
          key: Pem("Its private key. It is used now, and not kept."),
        },
        {
          description: "Instead of `certificate` and `key`: what gets the gateway a certificate of its own.",
        },
      ),
    ),
    template: Type.Optional(
      Type.String({
        pattern: "^[0-9A-Za-z_-]{1,36}$",
        description: "Name of the provisioning template that goes with `claim`.",
      }),
    ),
    parameters: Type.Optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 256 }), Type.String({ maxLength: 1_024 }), {
        description: "What the template asks for.",
      }),
    ),
    thing: Type.Optional(
      Type.String({
        pattern: "^[a-zA-Z0-9:_]+(?:-[a-zA-Z0-9:_]+)*$",
        maxLength: 64,
        description:
          "Name of the gateway's Thing, and client id. With `claim` the template must give this name; default: any. Else default: the gateway's id.",
      }),
    ),
  },
  { additionalProperties: false },
);

const NewBluemixCloud = Type.Object(
  {
    ...COMMON,
    provider: Type.Enum(["bluemix"]),
    host: Host,
    port: Port,
    org: Name("Id of the organisation."),
    gatewayType: Name("Device type of this gateway."),
    gatewayId: Type.Optional(Name("Device id of this gateway. Default: the gateway's id.")),
    token: Type.String({ minLength: 1, maxLength: 4_096, description: "Its authentication token." }),
  },
  { additionalProperties: false },
);

const NewMqttCloud = Type.Object(
  {
    ...COMMON,
    provider: Type.Enum(["mqtt"]),
    url: Type.String({ minLength: 1, maxLength: 300, description: "`mqtts://host:8883`." }),
    username: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 })),
    password: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })),
  },
  { additionalProperties: false },
);

/** The form of a new cloud by what its `provider` says. */
export const NEW_CLOUD_FORMS = { "aws-iot": NewAwsCloud, bluemix: NewBluemixCloud, mqtt: NewMqttCloud };
export const NewCloud = Type.Union([NewAwsCloud, NewBluemixCloud, NewMqttCloud]);
export type NewCloud = Static<typeof NewCloud>;
export type NewAwsCloud = Static<typeof NewAwsCloud>;

/** A certificate that somebody has, in the place of the one that a cloud has. */
export const CloudCertificate = Type.Object(
  { certificate: CERTIFICATE, key: KEY },
  { additionalProperties: false },
);
export type CloudCertificate = Static<typeof CloudCertificate>;

/** What a cloud knows the gateway by from now on. */
export const CloudPassword = Type.Object(
  {
    password: Type.String({
      minLength: 1,
      maxLength: 4_096,
      description: "Of the user name that the cloud has; for `bluemix` the authentication token.",
    }),
  },
  { additionalProperties: false },
);
export type CloudPassword = Static<typeof CloudPassword>;

export const CloudView = Type.Object({
  id: Type.String(),
  provider: Type.String(),
  source: Type.Enum(["file", "added"], {
    description: "Whether it stands in the configuration file, or was added to the running gateway.",
  }),
  place: Type.String({ description: "`host:port`" }),
  state: Type.Optional(Type.String({ description: "Of its bridge; left out where there is none." })),
  thing: Type.Optional(Type.String({ description: "What the gateway is called there." })),
  secret: Type.Optional(
    Type.Enum(["password", "token"], {
      description: "What the gateway signs on with there; left out where a certificate is enough.",
    }),
  ),
  certificate: Type.Optional(
    Type.Object({
      notAfter: Type.String({ format: "date-time" }),
      renewal: Type.Optional(
        Type.String({
          format: "date-time",
          description: "When it is renewed by itself; left out where that is somebody else's business.",
        }),
      ),
    }),
  ),
  problem: Type.Optional(Type.String({ description: "Why it was not opened." })),
});
export type CloudView = Static<typeof CloudView>;

export const CloudCheckView = Type.Object({
  id: Type.String(),
  ok: Type.Boolean({ description: "Whether no step has failed." }),
  steps: Type.Array(
    Type.Object({
      step: Type.Enum(["configuration", "clock", "name", "tcp", "tls", "mqtt", "publish"]),
      outcome: Type.Enum(["ok", "failed", "unsure", "skipped"]),
      said: Type.String({ description: "What was found, in English." }),
      code: Type.Optional(
        Type.String({
          description:
            "Kind of a failure: those of a bridge's `lastErrorCode`; `own-pair`, `own-time`, `own-pem` of the own certificate; `template` where a claim is refused.",
        }),
      ),
      advice: Type.Optional(Type.String({ description: "What to do about it, in English." })),
    }),
  ),
});
export type CloudCheckView = Static<typeof CloudCheckView>;

/** What became of an attempt to add a cloud. */
export const CloudAdded = Type.Object({ cloud: CloudView, check: Type.Optional(CloudCheckView) });
export type CloudAdded = Static<typeof CloudAdded>;
