import type { Answer } from "../api-client.ts";
import type { Gateway } from "../gateway.ts";
import { InTurn, type NotBegun } from "../in-turn.ts";
import { fields, short, text, word } from "../outside.ts";
import type { NodeConfig, NodeMessage, Red, RedNode } from "../red.ts";
import { ACTIONS, type RuleWish, readRuleWish } from "../rule-wish.ts";
import type { StatusLight } from "../status-light.ts";
import { attach, type Part } from "./attach.ts";

const TYPE = "tram-rule-run";
/** Messages that may wait for the one before them. */
const MOST = 100;
/** A rule that starts later than it was wanted is worse than one that does not: so long a message waits. In milliseconds. */
const WAIT_MS = 2_000;
/** And so long for the answer. In milliseconds. */
const ANSWER_MS = 5_000;
/** Failures of connect(2) and of names: the gateway was told nothing. After others it may have been. */
const NOT_SENT = new Set(["EAI_AGAIN", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND"]);

const NOT_BEGUN: Readonly<Record<NotBegun, string>> = {
  "too-many": `more than ${MOST} messages wait`,
  "too-old": `the gateway was busy with those before it for ${WAIT_MS / 1_000} s`,
  closed: "the flow was stopped",
};

/** What became of a wish. */
type Told =
  | { readonly ok: true; readonly outcome: string; readonly run?: string; readonly detail?: string }
  | { readonly ok: false; readonly code: string; readonly reason: string };

/**
 * Starts a rule, ends its runs, or switches it: the first output has what was done, the second runs that did not
 * begin, with the reason; what the gateway refuses, or cannot be asked, is an error for *catch*. Nothing is kept for
 * later.
 */
export default function register(RED: Red): void {
  RED.nodes.registerType(TYPE, function ruleRun(this: RedNode, config: NodeConfig): void {
    RED.nodes.createNode(this, config);
    let opened = false;
    attach(RED, this, config, (gateway, light) => {
      opened = true;
      return runRules(this, config, gateway, light);
    });
    if (opened) return;
    this.on("input", (_msg, _send, done) => done(refusal("no-gateway", "the node has no gateway that runs")));
  });
}

function runRules(node: RedNode, config: NodeConfig, gateway: Gateway, light: StatusLight): Part {
  const rule = text(text(config.rule)?.trim());
  const set = {
    ...(rule === undefined ? {} : { rule }),
    action: word(config.action, [...ACTIONS, "msg"] as const) ?? "run",
    unconditionally: config.unconditionally === true,
  };
  const turns = new InTurn({ timers: gateway.timers, most: MOST, oldestMs: WAIT_MS });
  let closed = false;

  node.on("input", (msg, send, done) => {
    const fail = (code: string, reason: string): void => {
      light.show({ fill: "red", shape: "ring", text: short(reason) });
      done(refusal(code, reason));
    };
    const read = readRuleWish(msg, set);
    if (!read.ok) {
      fail("bad-message", read.problem);
      return;
    }
    const { wish } = read;
    const finish = (told: Told): void => {
      if (closed) done();
      else if (!told.ok) fail(told.code, told.reason);
      else {
        const { ok: _, ...rest } = told;
        const went = wish.action !== "run" || told.outcome === "fired";
        light.show({
          fill: went ? "green" : "grey",
          shape: "dot",
          text: short(`${wish.rule}: ${told.outcome}`),
        });
        const { title = wish.rule } = gateway.mirror.rules.get(wish.rule) ?? {};
        const out: NodeMessage = { ...msg, rule: { id: wish.rule, title, action: wish.action, ...rest } };
        send(went ? [out, null] : [null, out]);
        done();
      }
    };
    turns.push(
      async () => finish(await ask(gateway, wish)),
      (why) => finish({ ok: false, code: why, reason: NOT_BEGUN[why] }),
    );
  });

  const stop: Disposable = {
    [Symbol.dispose]: () => {
      closed = true;
      turns[Symbol.dispose]();
    },
  };
  return { held: [stop] };
}

async function ask({ api, link }: Gateway, { action, body, rule }: RuleWish): Promise<Told> {
  if (link.state === "offline") {
    return { ok: false, code: "away", reason: `the gateway is away: ${link.reason}` };
  }
  const path = `/api/v1/rules/${encodeURIComponent(rule)}/${action}`;
  const answer = await api.call("POST", path, {
    ...(body === undefined ? {} : { body }),
    withinMs: ANSWER_MS,
  });
  return toldBy(answer, action);
}

function toldBy(answer: Answer, action: RuleWish["action"]): Told {
  if (!answer.ok) {
    const { code, reason, status } = answer;
    // A proxy that got no answer does not know either: RFC 9110 §15.6.3, §15.6.5.
    const unsure = status === undefined ? !NOT_SENT.has(code) : status === 502 || status === 504;
    return { ok: false, code, reason: unsure ? `${reason}; it may have done it all the same` : reason };
  }
  if (action !== "run") return { ok: true, outcome: "done" };
  const body = fields(answer.body) ?? {};
  const outcome = text(body.outcome);
  if (outcome === undefined) {
    return { ok: false, code: "not-understood", reason: "the answer does not say what the rule did" };
  }
  const run = text(body.run);
  const detail = text(body.detail);
  return {
    ok: true,
    outcome,
    ...(run === undefined ? {} : { run }),
    ...(detail === undefined ? {} : { detail }),
  };
}

/** As *catch* shows it: the code, and the gateway's words. */
function refusal(code: string, reason: string): Error {
  const error = new Error(reason);
  error.name = code;
  return Object.assign(error, { code });
}
