import type { Gateway, Notice } from "../gateway.ts";
import { text } from "../outside.ts";
import type { NodeConfig, NodeMessage, NodeStatus, Red, RedNode } from "../red.ts";
import type { StatusLight } from "../status-light.ts";
import { attach, type Part } from "./attach.ts";

const TYPE = "tram-gateway-status";

/** Emits how the gateway is, each time that it changes: connection, clock, store, bridges, problems, what it says. */
export default function register(RED: Red): void {
  RED.nodes.registerType(TYPE, function gatewayStatus(this: RedNode, config: NodeConfig): void {
    RED.nodes.createNode(this, config);
    attach(RED, this, config, (gateway, light) => watchGateway(this, config, gateway, light));
  });
}

function watchGateway(node: RedNode, config: NodeConfig, gateway: Gateway, light: StatusLight): Part {
  const tells = (what: string): boolean => config[what] !== false;
  const { mirror } = gateway;
  /** Of each topic what was told last; of bridges and Things only those that are there. */
  const told = new Map<string, string>();

  /** Tells a state when it is another than before. */
  const state = (topic: string, payload: unknown, more: NodeMessage = {}): void => {
    const now = JSON.stringify(payload);
    if (told.get(topic) === now) return;
    told.set(topic, now);
    node.send({ ...more, topic, payload });
  };

  const all = (): void => {
    const here = mirror.gateway;
    if (here === undefined) return;
    if (tells("health")) {
      state("clock", here.clock);
      state("store", here.store ?? "unknown");
      state("problems", here.problems);
    }
    if (tells("bridges")) {
      for (const [id, bridge] of mirror.bridges) state(`bridge/${id}`, bridge.state, { bridge });
    }
    if (!tells("alerts")) return;
    for (const [id, { alerts }] of mirror.things) {
      if (alerts.length > 0 || told.has(`alerts/${id}`)) state(`alerts/${id}`, alerts, { thing: id });
    }
  };

  const connection = (): void => {
    const { link } = gateway;
    if (!tells("connection") || link.state === "connecting") return;
    const why = link.state === "offline" ? { code: link.code, reason: link.reason } : {};
    state("connection", link.state === "online", why);
  };

  const status = (): NodeStatus => {
    const here = mirror.gateway;
    const sound = here === undefined || (here.clock === "synced" && here.problems.length === 0);
    if (sound) return { fill: "green", shape: "dot", text: `${TYPE}.status.connected` };
    return { fill: "yellow", shape: "dot", text: `${TYPE}.status.${problemOf(here)}` };
  };

  const hear = (notice: Notice): void => {
    if (notice.kind === "link") connection();
    else if (notice.kind === "snapshot") all();
    else if (notice.change.kind === "notification" && tells("notifications")) {
      const { notification } = notice.change;
      const { level, rule, time } = notification;
      node.send({ topic: "notification", payload: text(notification.text) ?? "", level, rule, time });
    } else if (["gateway", "bridge", "bridge-removed", "alerts", "retired"].includes(notice.change.kind)) {
      if (notice.change.kind === "retired") told.delete(`alerts/${notice.change.id}`);
      if (notice.change.kind === "bridge-removed") told.delete(`bridge/${notice.change.id}`);
      all();
      light.show(status());
    }
  };
  const begin = gateway.timers.after(0, () => {
    connection();
    all();
  });
  return { hear, status, held: [begin] };
}

function problemOf({ clock, problems }: { clock: string; problems: readonly unknown[] }): string {
  if (clock === "untrusted") return "untrusted";
  return problems.length > 0 ? "problems" : "holdover";
}
