import type { CliCommand, OptionSpec } from "./command.ts";

const ALL: Readonly<Record<string, OptionSpec>> = {
  all: { type: "boolean", short: "a", help: "all of them, without naming any" },
};

/** The verbs about clouds. */
export const BRIDGE_COMMANDS: readonly CliCommand[] = [
  {
    name: "bridge status",
    args: "[ID]",
    summary: "cloud bridges: link, queue, pace, bytes, drops and the last error",
    maxArgs: 1,
    load: async () => (await import("./commands-bridge.ts")).bridgeStatus,
  },
  {
    name: "bridge parked",
    args: "[ID]",
    summary: "messages that a cloud will never take, with the reason",
    maxArgs: 1,
    load: async () => (await import("./commands-bridge.ts")).bridgeParked,
  },
  {
    name: "bridge retry",
    args: "ID [SEQ…]",
    summary: "queue parked messages anew: those with these numbers, or --all",
    options: ALL,
    minArgs: 1,
    maxArgs: 1_001,
    load: async () => (await import("./commands-bridge.ts")).bridgeRetry,
  },
  {
    name: "bridge discard",
    args: "ID [SEQ…]",
    summary: "give parked messages up, for ever: those with these numbers, or --all",
    options: ALL,
    minArgs: 1,
    maxArgs: 1_001,
    load: async () => (await import("./commands-bridge.ts")).bridgeDiscard,
  },
];
