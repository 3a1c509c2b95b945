import type { Omission } from "../store/copy.ts";

/**
 * What of the database does not go into a backup: what was under way at that moment, and is a lie at any later one.
 * On other hardware, or weeks later, a command that was not confirmed would start a pump once more, an outbox would tell
 * the cloud everything twice, and a session of MQTT would know exchanges that its client has ended since. Such a client
 * hears that there is no session, and subscribes anew.
 *
 * Sessions of browsers are left out too: they belong to a moment, and some have been ended since. Accounts, credentials,
 * tokens, the state of the rules and of the Things, and the audit log are in it.
 */
export const OMISSION: Omission = {
  tables: [
    "commands",
    "outbox",
    "sessions",
    "mqtt-sessions",
    "mqtt-subscriptions",
    "mqtt-queue",
    "mqtt-received",
    "store",
  ],
  logs: ["outbox-", "parked-"],
};
