import type { Gateway, Notice } from "../gateway.ts";
import { text } from "../outside.ts";
import type { NodeConfig, NodeStatus, Red, RedNode } from "../red.ts";
import { StatusLight } from "../status-light.ts";
import { systemTimers } from "../timers.ts";

/** The gateways of the configuration nodes that run now. */
export const gateways = new WeakMap<object, Gateway>();

/** What a node does while it runs. */
export interface Part {
  /** Hears what the gateway tells. */
  readonly hear?: (notice: Notice) => void;
  /** What to let go of when the flow is stopped. */
  readonly held?: readonly Disposable[];
  /** What the light is while the connection stands. */
  readonly status?: () => NodeStatus;
}

/**
 * Brings a node together with the gateway that it names, shows the connection in its status, and lets go of
 * everything when the flow is stopped.
 * @returns the gateway, `undefined` where there is none: the node then stays dark.
 */
export function attach(
  RED: Red,
  node: RedNode,
  config: NodeConfig,
  open: (gateway: Gateway, light: StatusLight) => Part,
): void {
  const found = RED.nodes.getNode(text(config.gateway) ?? "");
  const gateway = typeof found === "object" && found !== null ? gateways.get(found) : undefined;
  const type = text(config.type) ?? "";
  const light = new StatusLight(node, gateway?.timers ?? systemTimers);
  const held: Disposable[] = [light];
  node.on("close", (_removed, done) => {
    for (const each of held.splice(0)) each[Symbol.dispose]();
    done();
  });
  if (gateway === undefined) {
    light.show({ fill: "grey", shape: "ring", text: `${type}.status.noGateway` });
    return;
  }
  const { hear, status, held: more = [] } = open(gateway, light);
  held.push(...more);
  const showLink = (): void => {
    const { state } = gateway.link;
    if (state === "connecting") {
      light.show({ fill: "yellow", shape: "ring", text: `${type}.status.connecting` });
    } else if (state === "offline") {
      light.show({ fill: "red", shape: "ring", text: `${type}.status.away` });
    } else if (status !== undefined) light.show(status());
    else light.show({ fill: "green", shape: "dot", text: `${type}.status.connected` });
  };
  showLink();
  held.push(
    gateway.listen((notice) => {
      hear?.(notice);
      if (notice.kind === "link") showLink();
    }),
  );
}
