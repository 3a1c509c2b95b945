import { type BridgeView, formatDuration } from "@tram/protocol";
import type { CommandBody } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { formatAge } from "./format.ts";

export const bridgeStatus: CommandBody = async (context) => {
  const { output } = context;
  const client = await DaemonClient.of(context);
  const { bridges } = await client.get<{ bridges: BridgeView[] }>("/api/v1/bridge");
  output.show({ bridges }, () => {
    if (bridges.length === 0) {
      output.line("No cloud is configured.");
      return;
    }
    const now = Date.now();
    const rows = bridges.map((bridge) => [
      bridge.id,
      bridge.provider,
      output.style(bridge.state === "online" ? "green" : "yellow", bridge.state),
      formatDuration(Math.max(0, now - Date.parse(bridge.since))),
      String(bridge.queued),
      bridge.oldest === undefined ? "" : formatAge(bridge.oldest, now),
      String(bridge.sent),
      String(bridge.dropped),
      String(bridge.parked),
      bridge.lastError ?? "",
    ]);
    const head = [
      "BRIDGE",
      "PROVIDER",
      "STATE",
      "FOR",
      "QUEUED",
      "OLDEST",
      "SENT",
      "DROPPED",
      "PARKED",
      "LAST ERROR",
    ];
    output.table(head, rows);
  });
  return 0;
};
