import { type BridgeView, formatDuration, type GatewayView, type ModuleView, PRODUCT } from "@tram/protocol";
import type { CommandBody } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { formatAge } from "./format.ts";
import type { Output } from "./output.ts";

/** Everything that tells how the gateway is. */
export interface StatusReport {
  /** Nothing is wrong that somebody should look at. A cloud that is away is no fault of the gateway. */
  readonly healthy: boolean;
  readonly gateway: GatewayView;
  readonly modules: readonly ModuleView[];
  readonly bridges: readonly BridgeView[];
}

const CLOCK: Readonly<
  Record<GatewayView["clock"], readonly [style: "green" | "yellow" | "red", words: string]>
> = {
  synced: ["green", "set by a time source"],
  holdover: ["yellow", "right once, drifting since: no time source now"],
  untrusted: ["red", "not set since power-on: times may be wrong, rules at a time of day wait"],
};

/** `status`: exit code 1 when something is wrong, so that a script can ask. */
export const status: CommandBody = async (context) => {
  const { output } = context;
  const client = await DaemonClient.of(context);
  const [gateway, { modules }, { bridges }] = await Promise.all([
    client.get<GatewayView>("/api/v1/gateway"),
    client.get<{ modules: ModuleView[] }>("/api/v1/modules"),
    client.get<{ bridges: BridgeView[] }>("/api/v1/bridge"),
  ]);
  const report = judge(gateway, modules, bridges);
  output.show(report, () => print(report, output));
  return report.healthy ? 0 : 1;
};

export function judge(
  gateway: GatewayView,
  modules: readonly ModuleView[],
  bridges: readonly BridgeView[],
): StatusReport {
  const healthy =
    gateway.store === "ok" &&
    gateway.clock !== "untrusted" &&
    gateway.problems.length === 0 &&
    !modules.some(({ state }) => state === "failed" || state === "degraded");
  return { healthy, gateway, modules, bridges };
}

/** For people: what is wrong comes last, where the eye is. */
export function print({ gateway, modules, bridges }: StatusReport, output: Output): void {
  const now = Date.parse(gateway.now);
  const up = formatDuration(Math.max(0, now - Date.parse(gateway.startedAt)));
  const [clockStyle, clock] = CLOCK[gateway.clock];
  output.line(`${output.style("bold", gateway.name)}  ${PRODUCT.title} ${gateway.version}, up for ${up}`);
  output.line(`  clock    ${output.style(clockStyle, clock)}`);
  output.line(`  store    ${storeWords(gateway, output)}`);
  for (const { id, name, version, use, state, reason } of modules) {
    const what = [name ?? use, version].filter(Boolean).join(" ");
    const why = reason === undefined ? "" : `: ${reason}`;
    output.line(`  module   ${id} (${what})  ${output.style(moduleStyle(state), state)}${why}`);
  }
  for (const { id, provider, state, since, queued, oldest, lastError } of bridges) {
    const queue =
      oldest === undefined ? `${queued} queued` : `${queued} queued, oldest ${formatAge(oldest, now)}`;
    const why = state === "online" || lastError === undefined ? "" : `: ${lastError}`;
    const shown = output.style(state === "online" ? "green" : "yellow", state);
    const duration = formatDuration(Math.max(0, now - Date.parse(since)));
    output.line(`  bridge   ${id} (${provider})  ${shown} for ${duration}, ${queue}${why}`);
  }
  for (const { where, problem } of gateway.problems) {
    output.line(`  ${output.style("red", "problem")}  ${where}: ${problem}`);
  }
}

function storeWords({ store, storeCode }: GatewayView, output: Output): string {
  if (store === "ok") return output.style("green", "keeps what it is given");
  const why = storeCode === undefined ? "" : ` (${storeCode})`;
  return output.style("red", `keeps nothing${why}: nothing new is acknowledged, rules go on in memory`);
}

function moduleStyle(state: ModuleView["state"]): "green" | "yellow" | "red" {
  if (state === "up") return "green";
  return state === "failed" ? "red" : "yellow";
}
