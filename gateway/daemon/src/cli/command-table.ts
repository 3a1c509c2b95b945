import { type CliCommand, DEFAULT_CONFIG_HELP, type OptionSpec } from "./command.ts";

const CONFIG_OPTION: Readonly<Record<string, OptionSpec>> = {
  config: {
    type: "string",
    short: "c",
    value: "FILE",
    help: `configuration file (default: ${DEFAULT_CONFIG_HELP})`,
  },
};

/** The files that OpenWrt's configuration is made of. The defaults stand in `config/uci/render.ts`. */
const UCI_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  uci: { type: "string", value: "FILE", help: "UCI file, laid over the configuration" },
  base: { type: "string", value: "FILE", help: "YAML file below UCI (it may be missing)" },
  system: { type: "string", value: "FILE", help: "UCI file with the system's time zone (it may be missing)" },
};

/** All verbs. The help, the check of the command line and the shell completion are made of this table. */
export const COMMANDS: readonly CliCommand[] = [
  {
    name: "run",
    summary: "run the gateway in the foreground",
    options: CONFIG_OPTION,
    maxArgs: 0,
    load: async () => (await import("./command-run.ts")).run,
  },
  {
    name: "status",
    summary:
      "how the gateway is: clock, store, modules, bridges and problems; exit code 1 when something is wrong",
    maxArgs: 0,
    load: async () => (await import("./commands-status.ts")).status,
  },
  {
    name: "config check",
    args: "[FILE]",
    summary: "check a configuration; exit code 2 and a line for each problem when it is broken",
    options: { ...CONFIG_OPTION, ...UCI_OPTIONS },
    maxArgs: 1,
    load: async () => (await import("./commands-config.ts")).configCheck,
  },
  {
    name: "config print",
    args: "[FILE]",
    summary: "print the configuration in force, annotated, without secrets",
    options: { ...CONFIG_OPTION, ...UCI_OPTIONS },
    maxArgs: 1,
    load: async () => (await import("./commands-config.ts")).configPrint,
  },
  {
    name: "config render",
    summary: "make the configuration out of UCI (OpenWrt) and the YAML file below it, with its secrets",
    options: {
      ...UCI_OPTIONS,
      out: {
        type: "string",
        short: "o",
        value: "FILE",
        help: "where to write it (default: -, standard output)",
      },
    },
    maxArgs: 0,
    load: async () => (await import("./commands-config.ts")).configRender,
  },
  {
    name: "config uci",
    args: "[FILE]",
    summary: "say a configuration in UCI, with its secrets, for a move to OpenWrt",
    options: CONFIG_OPTION,
    maxArgs: 1,
    load: async () => (await import("./commands-config.ts")).configUci,
  },
  {
    name: "things",
    args: "[ID]",
    summary: "list the Things, or the values of one",
    maxArgs: 1,
    load: async () => (await import("./commands-things.ts")).things,
  },
  {
    name: "get",
    args: "ID PROP",
    summary: "the last known value of a property",
    minArgs: 2,
    maxArgs: 2,
    load: async () => (await import("./commands-things.ts")).get,
  },
  {
    name: "set",
    args: "ID PROP VALUE",
    summary: "write a property; returns when the command is accepted",
    options: {
      wait: { type: "string", short: "w", value: "SECONDS", help: "wait for the device to confirm" },
    },
    minArgs: 3,
    maxArgs: 3,
    load: async () => (await import("./commands-things.ts")).set,
  },
  {
    name: "watch",
    args: "[ID]",
    summary: "show readings, commands and notifications as they happen",
    maxArgs: 1,
    load: async () => (await import("./commands-things.ts")).watch,
  },
  {
    name: "rules list",
    summary: "list the rules and when they last fired",
    maxArgs: 0,
    load: async () => (await import("./commands-rules.ts")).rulesList,
  },
  {
    name: "rules check",
    args: "[FILE…]",
    summary: "check rule files (or those of the gateway), with the path of each problem",
    load: async () => (await import("./commands-rules.ts")).rulesCheck,
  },
  {
    name: "rules trace",
    args: "ID",
    summary: "why a rule fired, or did not: its latest evaluations, newest first",
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-rules.ts")).rulesTrace,
  },
  {
    name: "clients",
    args: "[ID]",
    summary: "MQTT clients: address, traffic, queues; or everything about one",
    maxArgs: 1,
    load: async () => (await import("./commands-clients.ts")).clients,
  },
  {
    name: "clients kick",
    args: "ID",
    summary: "disconnect an MQTT client; it may come again",
    options: { forget: { type: "boolean", help: "end its session too, with everything that waits for it" } },
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-clients.ts")).kickClient,
  },
  {
    name: "bridge status",
    summary: "cloud bridges: link, queue, drops and the last error",
    maxArgs: 0,
    load: async () => (await import("./commands-bridge.ts")).bridgeStatus,
  },
  {
    name: "pair",
    summary: "let a device claim its own credential with a code, or make one for a device that cannot",
    options: {
      minutes: {
        type: "string",
        short: "m",
        value: "N",
        help: "how long the code is good (default: 5, at most 60)",
      },
      uses: { type: "string", value: "N", help: "how many devices may use it (default: 1)" },
      kind: {
        type: "string",
        short: "k",
        value: "KIND",
        help: "tasmota, shelly, esphome, generic, dashboard, node-red, service: prints what to type into it",
      },
      id: { type: "string", value: "ID", help: "the device's id; only this one may claim" },
      replace: { type: "string", value: "ID", help: "the device may take the place of what has this id" },
      topics: {
        type: "string",
        value: "PREFIXES",
        help: "topic prefixes of a generic device, with commas between",
      },
      svg: { type: "string", value: "FILE", help: "write the QR code there as well" },
      close: { type: "boolean", help: "let nobody claim any more" },
    },
    maxArgs: 0,
    load: async () => (await import("./commands-access.ts")).pair,
  },
  {
    name: "credentials",
    summary: "list the credentials of devices and programs",
    maxArgs: 0,
    load: async () => (await import("./commands-access.ts")).credentials,
  },
  {
    name: "credentials revoke",
    args: "ID",
    summary: "take a credential back; its connections end at once",
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-access.ts")).credentialsRevoke,
  },
  {
    name: "ca init",
    summary: "make the gateway's certificate authority, and the broker's certificate for TLS",
    maxArgs: 0,
    load: async () => (await import("./commands-authority.ts")).caInit,
  },
  {
    name: "ca list",
    summary: "the certificate authority and what it issued",
    maxArgs: 0,
    load: async () => (await import("./commands-authority.ts")).caList,
  },
  {
    name: "ca issue",
    args: "ID",
    summary: "a client certificate for an account: ID.pem, ID.key and ID-ca.pem",
    options: {
      csr: {
        type: "string",
        value: "FILE",
        help: "certificate request (PEM) of a client that keeps its key to itself",
      },
      out: { type: "string", short: "o", value: "NAME", help: "beginning of the files' names (default: ID)" },
    },
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-authority.ts")).caIssue,
  },
  {
    name: "ca rotate",
    args: "[server|authority]",
    summary: "a new certificate for the broker, or a new authority beside the one before",
    options: {
      overlap: {
        type: "string",
        value: "DAYS",
        help: "how long the authority before counts (default: 365); 0 revokes all that it signed",
      },
    },
    maxArgs: 1,
    load: async () => (await import("./commands-authority.ts")).caRotate,
  },
  {
    name: "ca revoke",
    args: "ID|SERIAL",
    summary: "revoke the certificates of an account, or one; its connections end at once",
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-authority.ts")).caRevoke,
  },
  {
    name: "ca export",
    summary: "the authority's certificate, for clients to check the broker with",
    options: {
      crl: { type: "boolean", help: "the signed list of revoked certificates instead" },
      der: { type: "boolean", help: "DER instead of PEM" },
      out: {
        type: "string",
        short: "o",
        value: "FILE",
        help: "where to write it (default: -, standard output)",
      },
    },
    maxArgs: 0,
    load: async () => (await import("./commands-authority.ts")).caExport,
  },
  {
    name: "audit",
    summary: "who was let in, who was turned away, and who decided so",
    options: {
      limit: { type: "string", short: "n", value: "N", help: "so many of the newest (default: 50)" },
    },
    maxArgs: 0,
    load: async () => (await import("./commands-access.ts")).audit,
  },
  {
    name: "setup",
    summary: "a one-time code that makes the first administrator in the web UI; the one before is void",
    maxArgs: 0,
    load: async () => (await import("./commands-account.ts")).setup,
  },
  {
    name: "completion",
    args: "bash|zsh|fish",
    summary: "print a completion script for your shell",
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./completion.ts")).completion,
  },
];
