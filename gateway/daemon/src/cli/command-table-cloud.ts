import type { CliCommand } from "./command.ts";

const OWN_CERTIFICATE = {
  cert: {
    type: "string",
    value: "FILE",
    help: "certificate of this gateway that is there already, PEM; somebody else renews it",
  },
  key: { type: "string", value: "FILE", help: "its private key, PEM" },
} as const satisfies CliCommand["options"];

/** The verbs that set up clouds. */
export const CLOUD_COMMANDS: readonly CliCommand[] = [
  {
    name: "cloud add",
    args: "aws|ibm|mqtt",
    summary: "add a cloud: it is looked at step by step, kept once it has taken a message, and works at once",
    options: {
      id: { type: "string", value: "ID", help: "what it is called here (default: aws, ibm or mqtt)" },
      endpoint: { type: "string", value: "HOST", help: "aws: what `aws iot describe-endpoint` tells" },
      port: { type: "string", value: "N", help: "aws: 8883 (default) or 443; ibm: 443 (default) or 8883" },
      ...OWN_CERTIFICATE,
      "claim-cert": {
        type: "string",
        value: "FILE",
        help: "aws: instead of --cert, a claim certificate, PEM; used once, not kept",
      },
      "claim-key": { type: "string", value: "FILE", help: "aws: its private key, PEM; used once, not kept" },
      template: { type: "string", value: "NAME", help: "aws: the provisioning template" },
      param: {
        type: "string",
        value: "KEY=VALUE",
        repeats: true,
        help: "aws: what the template asks for; may be repeated",
      },
      thing: {
        type: "string",
        value: "NAME",
        help: "aws: name of the gateway's Thing (default: its id, or what the template says)",
      },
      host: { type: "string", value: "HOST", help: "ibm: ORG.messaging.iot.DOMAIN" },
      org: { type: "string", value: "ORG", help: "ibm: id of the organisation" },
      "gateway-type": { type: "string", value: "TYPE", help: "ibm: device type of this gateway" },
      "gateway-id": { type: "string", value: "ID", help: "ibm: its device id (default: the gateway's id)" },
      "token-file": { type: "string", value: "FILE", help: "ibm: file with its token in the first line" },
      url: { type: "string", value: "URL", help: "mqtt: mqtts://host:8883" },
      username: { type: "string", value: "NAME", help: "mqtt: user name" },
      "password-file": {
        type: "string",
        value: "FILE",
        help: "mqtt: file with the password in its first line",
      },
      ca: {
        type: "string",
        value: "FILE",
        help: "authorities to believe, PEM (default: those that are known)",
      },
      set: {
        type: "string",
        value: "KEY=VALUE",
        repeats: true,
        help: "what else a bridge may be told: commands=all; may be repeated",
      },
      "no-check": { type: "boolean", help: "keep it without having looked whether it works" },
    },
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-cloud.ts")).cloudAdd,
  },
  {
    name: "cloud check",
    args: "[ID]",
    summary: "look step by step why a cloud does not work; exit code 1 when one does not",
    maxArgs: 1,
    load: async () => (await import("./commands-cloud.ts")).cloudCheck,
  },
  {
    name: "cloud list",
    summary: "all clouds, and until when their certificates are good",
    maxArgs: 0,
    load: async () => (await import("./commands-cloud.ts")).cloudList,
  },
  {
    name: "cloud remove",
    args: "ID",
    summary: "remove a cloud that was added, with its key and with what waits for it",
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-cloud.ts")).cloudRemove,
  },
  {
    name: "cloud renew",
    args: "ID",
    summary:
      "get a new certificate for a new key now (it happens by itself in time), or give one, or a password",
    options: {
      ...OWN_CERTIFICATE,
      "password-file": {
        type: "string",
        value: "FILE",
        help: "file with another password, or token, in its first line",
      },
    },
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-cloud.ts")).cloudRenew,
  },
];
