import { type ClientView, formatDuration } from "@tram/protocol";
import type { CommandBody, CommandContext } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { formatAge } from "./format.ts";

const path = (id: string): string => `/api/v1/clients/${encodeURIComponent(id)}`;

/** `clients [ID]`: who is connected, or everything about one. */
export const clients: CommandBody = async (context) => {
  const { args, output } = context;
  const client = await DaemonClient.of(context);
  const [id] = args;
  const { clients: found } = await client.get<{ clients: ClientView[] }>(
    id === undefined ? "/api/v1/clients" : path(id),
  );
  output.show({ clients: found }, () => {
    if (id !== undefined) for (const each of found) showOne(context, each);
    else if (found.length === 0) output.line("No MQTT client is connected.");
    else
      output.table(
        ["CLIENT", "USER", "STATE", "ADDRESS", "FOR", "IN/S", "OUT/S", "QUEUED", "DROPPED"],
        found.map((each) => row(context, each)),
      );
  });
  return 0;
};

/** `clients kick ID`: disconnects it; it may come again. */
export const kickClient: CommandBody = async (context) => {
  const client = await DaemonClient.of(context);
  const [id = ""] = context.args;
  const forget = context.options.forget === true;
  await client.call("DELETE", `${path(id)}${forget ? "?forget=true" : ""}`);
  context.output.show({ id, forgotten: forget }, () =>
    context.output.line(forget ? `${id} is disconnected and its session forgotten` : `${id} is disconnected`),
  );
  return 0;
};

function row({ output }: CommandContext, view: ClientView): readonly string[] {
  const { address = "", connectedAt, dropped, id, queuedMessages, rates, username } = view;
  return [
    id,
    username,
    state(output, view),
    address,
    connectedAt === undefined ? "" : formatDuration(Math.max(0, Date.now() - Date.parse(connectedAt))),
    String(rates.messagesIn),
    String(rates.messagesOut),
    String(queuedMessages),
    String(dropped),
  ];
}

function state(output: CommandContext["output"], { connected, slow }: ClientView): string {
  if (!connected) return output.style("yellow", "away");
  return slow ? output.style("red", "slow") : output.style("green", "connected");
}

function showOne({ output }: CommandContext, view: ClientView): void {
  const { address, connectedAt, lastDisconnect, listener, protocol, rates, subscriptions, traffic, will } =
    view;
  const now = Date.now();
  output.line(`${output.style("bold", view.id)}  user ${view.username}  ${state(output, view)}`);
  if (connectedAt !== undefined) {
    output.line(
      `  MQTT ${protocol} from ${address} by listener ${listener}, since ${formatAge(connectedAt, now)}`,
    );
  }
  const keepAlive = view.keepAliveSeconds === 0 ? "none" : formatDuration(view.keepAliveSeconds * 1_000);
  const expiry =
    view.expirySeconds === 0
      ? "with the connection"
      : `after ${formatDuration(view.expirySeconds * 1_000)} away`;
  output.line(`  keep-alive ${keepAlive}; the session ends ${expiry}`);
  output.line(`  in  ${traffic.messagesIn} messages, ${traffic.bytesIn} bytes (${rates.messagesIn}/s)`);
  output.line(`  out ${traffic.messagesOut} messages, ${traffic.bytesOut} bytes (${rates.messagesOut}/s)`);
  output.line(`  queued ${view.queuedMessages} messages, ${view.queuedBytes} bytes; dropped ${view.dropped}`);
  if (will !== undefined)
    output.line(`  will  ${will.topic} (QoS ${will.qos}${will.retain ? ", retained" : ""})`);
  if (lastDisconnect !== undefined) {
    output.line(`  last disconnected ${formatAge(lastDisconnect.at, now)}: ${lastDisconnect.reason}`);
  }
  for (const { filter, qos } of subscriptions) output.line(`  subscribed  ${filter} (QoS ${qos})`);
}
