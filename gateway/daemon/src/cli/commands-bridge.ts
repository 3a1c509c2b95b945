import { type BridgeView, formatDuration, type ParkedPageView, type ParkedView } from "@tram/protocol";
import { bridgeLines } from "./bridge-lines.ts";
import type { CommandBody } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { formatAge } from "./format.ts";
import { UsageError } from "./usage-error.ts";

const at = (id: string): string => `/api/v1/bridge/${encodeURIComponent(id)}`;

export const bridgeStatus: CommandBody = async (context) => {
  const { args, output } = context;
  const client = await DaemonClient.of(context);
  const [id] = args;
  const bridges = id === undefined ? await all(client) : [await client.get<BridgeView>(at(id))];
  output.show({ bridges }, () => {
    if (bridges.length === 0) output.line("No cloud is configured.");
    const now = Date.now();
    for (const bridge of bridges) {
      const { provider, since, state } = bridge;
      const shown = output.style(state === "online" ? "green" : "yellow", state);
      const forHow = formatDuration(Math.max(0, now - Date.parse(since)));
      output.line(`${output.style("bold", bridge.id)} (${provider})  ${shown} for ${forHow}`);
      for (const [name, text] of bridgeLines(bridge, now)) output.line(`  ${name.padEnd(8)} ${text}`);
    }
  });
  return 0;
};

export const bridgeParked: CommandBody = async (context) => {
  const { args, output } = context;
  const client = await DaemonClient.of(context);
  const ids = args[0] === undefined ? (await all(client)).map(({ id }) => id) : [args[0]];
  const parked: (ParkedView & { readonly bridge: string })[] = [];
  for (const bridge of ids) {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: ParkedPageView = await client.get(`${at(bridge)}/parked?after=${after}&limit=1000`);
      parked.push(...page.parked.map((view) => ({ bridge, ...view })));
      after = page.next;
    }
  }
  output.show({ parked }, () => {
    if (parked.length === 0) {
      output.line("Nothing is parked.");
      return;
    }
    const now = Date.now();
    output.table(
      ["BRIDGE", "SEQ", "PARKED", "CLASS", "THING", "NAME", "VALUE", "REASON"],
      parked.map(({ bridge, message, parkedAt, reason, seq }) => [
        bridge,
        String(seq),
        formatAge(parkedAt, now),
        message?.class ?? "",
        message?.thing ?? "",
        message?.name ?? "",
        message === undefined ? "" : short(JSON.stringify(message.value)),
        reason,
      ]),
    );
  });
  return 0;
};

export const bridgeRetry: CommandBody = (context) => deal("resend", context);
export const bridgeDiscard: CommandBody = (context) => deal("discard", context);

/** Longest text of a value in a table. In characters. */
const SHORT = 40;

function short(text: string): string {
  return text.length > SHORT ? `${text.slice(0, SHORT - 1)}…` : text;
}

async function deal(
  what: "resend" | "discard",
  context: Parameters<CommandBody>[0],
): ReturnType<CommandBody> {
  const { args, options, output } = context;
  const [id = "", ...rest] = args;
  const seqs = rest.map((text) => {
    if (!/^[1-9]\d{0,14}$/.test(text))
      throw new UsageError(`SEQ: expected a number of a message, found ${text}`);
    return Number(text);
  });
  if (seqs.length > 0 === (options.all === true)) {
    throw new UsageError("expected the numbers of messages (`tram bridge parked` shows them), or --all");
  }
  const client = await DaemonClient.of(context);
  const answer = await client.call("POST", `${at(id)}/parked/${what}`, seqs.length > 0 ? { seqs } : {});
  const { count } = answer.body as { count: number };
  const messages = count === 1 ? "1 message" : `${count} messages`;
  output.show({ count }, () =>
    output.line(what === "resend" ? `${messages} queued anew` : `${messages} given up`),
  );
  // Who names messages means them: none of them was there.
  return seqs.length > 0 && count === 0 ? 1 : 0;
}

async function all(client: DaemonClient): Promise<readonly BridgeView[]> {
  return (await client.get<{ bridges: BridgeView[] }>("/api/v1/bridge")).bridges;
}
