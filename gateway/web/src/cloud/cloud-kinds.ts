import { ID_PATTERN, type NewCloud } from "@tram/protocol";
import type { PlainKey } from "../i18n/catalogue.ts";
import type { PemKind } from "./pem.ts";

/** What the form knows of the clouds that can be added: each kind with its fields, as a table. */

interface Common {
  /** Place in the request: `claim.certificate`. The gateway names it so when it refuses it. */
  readonly at: string;
  readonly label: PlainKey;
  readonly hint?: PlainKey;
  readonly optional?: true;
}

export type FieldSpec = Common &
  (
    | {
        readonly type: "text";
        /** What the whole text has to be, and what to say of one that is not. The gateway stays the judge. */
        readonly form?: { readonly pattern: RegExp; readonly wrong: PlainKey };
        readonly placeholder?: string;
        readonly inputMode?: "url";
      }
    | { readonly type: "secret" }
    | {
        readonly type: "number";
        readonly from: number;
        readonly to: number;
        /** What is often meant; the first one stands there at first. */
        readonly offers: readonly [number, ...number[]];
      }
    | { readonly type: "pem"; readonly holds: PemKind }
    /** Names and values that somebody else has thought of. */
    | { readonly type: "pairs"; readonly name: PlainKey; readonly value: PlainKey }
  );

/** One way to add a cloud. */
export interface CloudKind {
  readonly key: "aws-claim" | "aws-own" | "ibm" | "mqtt";
  readonly provider: NewCloud["provider"];
  readonly title: PlainKey;
  readonly lead: PlainKey;
  /** What it is called here unless somebody says otherwise. */
  readonly usualId: string;
  readonly fields: readonly FieldSpec[];
  /** What few need; folded away. */
  readonly rarely: readonly FieldSpec[];
}

const ID: FieldSpec = {
  at: "id",
  type: "text",
  label: "cloud.add.id",
  hint: "cloud.add.idHint",
  form: { pattern: new RegExp(ID_PATTERN), wrong: "cloud.add.idWrong" },
};

const CA: FieldSpec = {
  at: "ca",
  type: "pem",
  holds: "certificate",
  label: "cloud.add.ca",
  hint: "cloud.add.caHint",
  optional: true,
};

/** A name, not an address of the web: without scheme, port and path. */
const HOST = {
  pattern: /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/,
  wrong: "cloud.add.hostWrong",
} as const;

const ENDPOINT: FieldSpec = {
  at: "endpoint",
  type: "text",
  label: "cloud.add.endpoint",
  hint: "cloud.add.endpointHint",
  form: HOST,
  placeholder: "a1b2c3-ats.iot.eu-central-1.amazonaws.com",
  inputMode: "url",
};

const PORT: FieldSpec = {
  at: "port",
  type: "number",
  label: "cloud.add.port",
  hint: "cloud.add.portHint",
  from: 1,
  to: 65_535,
  offers: [8_883, 443],
};

const THING: FieldSpec = {
  at: "thing",
  type: "text",
  label: "cloud.add.thing",
  form: { pattern: /^(?=.{1,64}$)[a-zA-Z0-9:_]+(?:-[a-zA-Z0-9:_]+)*$/, wrong: "cloud.add.thingWrong" },
  optional: true,
};

/** A certificate of the gateway's that somebody else has made. */
export const OWN_CERTIFICATE: readonly [FieldSpec, FieldSpec] = [
  {
    at: "certificate",
    type: "pem",
    holds: "certificate",
    label: "cloud.add.certificate",
    hint: "cloud.add.certificateHint",
  },
  { at: "key", type: "pem", holds: "private-key", label: "cloud.add.key" },
];

/** Names at IBM. */
const NAME = { pattern: /^[A-Za-z0-9._-]{1,36}$/, wrong: "cloud.add.nameWrong" } as const;

export const CLOUD_KINDS: readonly CloudKind[] = [
  {
    key: "aws-claim",
    provider: "aws-iot",
    title: "cloud.kind.aws-claim",
    lead: "cloud.kind.aws-claimLead",
    usualId: "aws",
    fields: [
      ENDPOINT,
      PORT,
      {
        at: "claim.certificate",
        type: "pem",
        holds: "certificate",
        label: "cloud.add.claimCertificate",
        hint: "cloud.add.claimHint",
      },
      { at: "claim.key", type: "pem", holds: "private-key", label: "cloud.add.claimKey" },
      {
        at: "template",
        type: "text",
        label: "cloud.add.template",
        form: { pattern: /^[0-9A-Za-z_-]{1,36}$/, wrong: "cloud.add.templateWrong" },
      },
      {
        at: "parameters",
        type: "pairs",
        label: "cloud.add.parameters",
        hint: "cloud.add.parametersHint",
        name: "cloud.add.parameterName",
        value: "cloud.add.parameterValue",
        optional: true,
      },
    ],
    rarely: [ID, { ...THING, hint: "cloud.add.thingHint" }, CA],
  },
  {
    key: "aws-own",
    provider: "aws-iot",
    title: "cloud.kind.aws-own",
    lead: "cloud.kind.aws-ownLead",
    usualId: "aws",
    fields: [ENDPOINT, PORT, ...OWN_CERTIFICATE, { ...THING, hint: "cloud.add.thingOwnHint" }],
    rarely: [ID, CA],
  },
  {
    key: "ibm",
    provider: "bluemix",
    title: "cloud.kind.ibm",
    lead: "cloud.kind.ibmLead",
    usualId: "ibm",
    fields: [
      {
        at: "host",
        type: "text",
        label: "cloud.add.host",
        hint: "cloud.add.hostHint",
        form: HOST,
        placeholder: "main.messaging.iot.mas.example.com",
        inputMode: "url",
      },
      { ...PORT, hint: "cloud.add.portIbmHint", offers: [443, 8_883] },
      { at: "org", type: "text", label: "cloud.add.org", form: NAME },
      {
        at: "gatewayType",
        type: "text",
        label: "cloud.add.gatewayType",
        hint: "cloud.add.gatewayTypeHint",
        form: NAME,
      },
      { at: "token", type: "secret", label: "cloud.add.token", hint: "cloud.add.tokenHint" },
      CA,
    ],
    rarely: [
      ID,
      {
        at: "gatewayId",
        type: "text",
        label: "cloud.add.gatewayId",
        hint: "cloud.add.gatewayIdHint",
        form: NAME,
        optional: true,
      },
    ],
  },
  {
    key: "mqtt",
    provider: "mqtt",
    title: "cloud.kind.mqtt",
    lead: "cloud.kind.mqttLead",
    usualId: "mqtt",
    fields: [
      {
        at: "url",
        type: "text",
        label: "cloud.add.url",
        hint: "cloud.add.urlHint",
        form: { pattern: /^mqtts?:\/\/[^\s/@]+\/?$/, wrong: "cloud.add.urlWrong" },
        placeholder: "mqtts://broker.example:8883",
        inputMode: "url",
      },
      { at: "username", type: "text", label: "cloud.add.username", optional: true },
      { at: "password", type: "secret", label: "cloud.add.password", optional: true },
      CA,
    ],
    rarely: [ID, ...OWN_CERTIFICATE.map((field): FieldSpec => ({ ...field, optional: true }))],
  },
];

export function fieldsOf({ fields, rarely }: CloudKind): readonly FieldSpec[] {
  return [...fields, ...rarely];
}
