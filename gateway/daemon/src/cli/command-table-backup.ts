import { type CliCommand, CONFIG_OPTION, type OptionSpec } from "./command.ts";

const PASSPHRASE_OPTION: Readonly<Record<string, OptionSpec>> = {
  "passphrase-file": {
    type: "string",
    value: "FILE",
    help: "its first line is the passphrase; - is standard input (default: ask)",
  },
};

/** The verbs about what leaves the gateway as a file, and comes back. */
export const BACKUP_COMMANDS: readonly CliCommand[] = [
  {
    name: "backup",
    args: "FILE",
    summary: "everything that another gateway needs to take this one's place, in one encrypted file",
    options: {
      ...PASSPHRASE_OPTION,
      "without-history": { type: "boolean", help: "leave out what the gateway remembers of the past" },
    },
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-backup.ts")).backup,
  },
  {
    name: "restore",
    args: "[FILE]",
    summary: "put a backup in the place of what is here, with the gateway stopped; all of it or nothing",
    options: {
      ...PASSPHRASE_OPTION,
      ...CONFIG_OPTION,
      "keep-config": { type: "boolean", help: "leave this machine's configuration as it is" },
      check: { type: "boolean", help: "read the backup to its end, and change nothing" },
      resume: { type: "boolean", help: "end a restore that was cut short in --data" },
    },
    maxArgs: 1,
    load: async () => (await import("./commands-backup.ts")).restore,
  },
  {
    name: "support-bundle",
    args: "FILE",
    summary: "how the gateway is, for those who help, without secrets (tar.gz); it need not run",
    options: CONFIG_OPTION,
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-support.ts")).supportBundle,
  },
];
