import type { LogLineView } from "@tram/protocol";
import type { CommandBody } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { formatAge } from "./format.ts";

/** `log ID`: what a device said of itself. */
export const log: CommandBody = async (context) => {
  const { args, output } = context;
  const client = await DaemonClient.of(context);
  const path = `/api/v1/things/${encodeURIComponent(args[0] ?? "")}/log`;
  const { lines } = await client.get<{ lines: readonly LogLineView[] }>(path);
  output.show({ lines }, () => {
    if (lines.length === 0) output.line("The device has logged nothing since the gateway started.");
    else
      output.table(
        ["SEEN", "LEVEL", "LINE"],
        lines.map(({ time, level, text }) => [formatAge(time, Date.now()), level, text]),
      );
  });
  return 0;
};

/** `broadcast SUBTOPIC TEXT`: a word to all devices. */
export const broadcast: CommandBody = async (context) => {
  const { args, output } = context;
  const client = await DaemonClient.of(context);
  const [subtopic = "", text = ""] = args;
  await client.call("POST", "/api/v1/broadcast", { subtopic, text });
  output.show({ subtopic, text }, () =>
    output.line(`told all devices ${output.style("dim", `($broadcast/${subtopic})`)}`),
  );
  return 0;
};
