import type { Message } from "../message.ts";

/** What only the card about backups says; it is loaded with it. */
export const enBackup = {
  "backup.title": "Backup",
  "backup.lead":
    "One encrypted file with everything that another gateway needs to take this one's place. It is put back with `tram restore`.",
  "backup.passphrase": "Passphrase",
  "backup.again": "The same again",
  "backup.hint": "At least 12 characters. Without it nobody can open the file, and nobody can help.",
  "backup.short": { one: "Use at least {count} character.", other: "Use at least {count} characters." },
  "backup.different": "The two are not the same.",
  "backup.history": "With history",
  "backup.take": "Download a backup",
  "backup.taking": "The backup is made…",
  "backup.taken": "{name} was downloaded. Keep it apart from this gateway.",
  "backup.supportLead":
    "For those who help: state, configuration, rules and log, with secrets and places taken out. Look through it before you hand it on.",
  "backup.support": "Download a support bundle",
  "backup.supportTaken": "{name} was downloaded.",
} as const satisfies Readonly<Record<string, Message>>;
