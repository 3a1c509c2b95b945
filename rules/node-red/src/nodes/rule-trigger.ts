import type { Gateway } from "../gateway.ts";
import { short, text, word } from "../outside.ts";
import type { NodeConfig, Red, RedNode } from "../red.ts";
import { type Evaluation, RuleWatch } from "../rule-watch.ts";
import type { StatusLight } from "../status-light.ts";
import { attach, type Part } from "./attach.ts";

const TYPE = "tram-rule-trigger";
const WHAT = ["fired", "rejected", "all"] as const;
/** Outcomes by which a rule that was triggered does not come to an end of its own. */
const REJECTIONS: ReadonlySet<string> = new Set([
  "condition-false",
  "mode-dropped",
  "cancelled",
  "held",
  "failed",
  "paused",
  "conflict",
]);

/** Emits when a rule of the gateway fires, and, where that is wanted, when it does not and why. */
export default function register(RED: Red): void {
  RED.nodes.registerType(TYPE, function ruleTrigger(this: RedNode, config: NodeConfig): void {
    RED.nodes.createNode(this, config);
    attach(RED, this, config, (gateway, light) => watchRules(this, config, gateway, light));
  });
}

function watchRules(node: RedNode, config: NodeConfig, gateway: Gateway, light: StatusLight): Part {
  const what = word(config.what, WHAT) ?? "fired";
  const wanted = (outcome: string): boolean =>
    what === "all" || outcome === "fired" || (what === "rejected" && REJECTIONS.has(outcome));

  const tell = ({ gap, rule, trace }: Evaluation): void => {
    const outcome = text(trace.outcome);
    if (outcome === undefined || !wanted(outcome)) return;
    light.show({
      fill: outcome === "fired" ? "green" : "grey",
      shape: "dot",
      text: short(`${rule.id}: ${outcome}`),
    });
    const { id, title = id } = rule;
    node.send({ topic: id, payload: outcome, rule: { id, title }, trace, ...(gap ? { gap } : {}) });
  };
  const watch = new RuleWatch(gateway, text(config.rule)?.trim(), tell);
  return { held: [watch], hear: (notice) => watch.hear(notice) };
}
