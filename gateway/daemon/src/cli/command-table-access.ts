import type { CliCommand } from "./command.ts";

/** The verbs about who may come in: pairing, credentials, certificates. */
export const ACCESS_COMMANDS: readonly CliCommand[] = [
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
];
