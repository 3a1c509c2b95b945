import type { CliCommand } from "./command.ts";

/** The verbs that set up clouds. */
export const CLOUD_COMMANDS: readonly CliCommand[] = [
  {
    name: "cloud add",
    args: "aws|mqtt",
    summary: "add a cloud: it is looked at step by step, kept once it has taken a message, and works at once",
    options: {
      id: { type: "string", value: "ID", help: "what it is called here (default: aws or mqtt)" },
      endpoint: { type: "string", value: "HOST", help: "aws: what `aws iot describe-endpoint` tells" },
      port: { type: "string", value: "N", help: "aws: 8883 (default) or 443" },
      "claim-cert": {
        type: "string",
        value: "FILE",
        help: "aws: the claim certificate, PEM; used once, not kept",
      },
      "claim-key": { type: "string", value: "FILE", help: "aws: its private key, PEM; used once, not kept" },
      template: { type: "string", value: "NAME", help: "aws: the provisioning template" },
      param: {
        type: "string",
        value: "KEY=VALUE",
        repeats: true,
        help: "aws: what the template asks for; may be repeated",
      },
      thing: { type: "string", value: "NAME", help: "aws: name that the template must give this gateway" },
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
    summary: "get a new certificate for a new key now; it happens by itself in time",
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-cloud.ts")).cloudRenew,
  },
];
