import { randomUUID } from "node:crypto";
import type { Answer } from "../api-client.ts";
import type { Gateway } from "../gateway.ts";
import { numberIn, short, text } from "../outside.ts";
import type { NodeConfig, NodeMessage, Red, RedNode } from "../red.ts";
import { type Attempt, type Outcome, SetQueue, type Wish } from "../set-queue.ts";
import type { StatusLight } from "../status-light.ts";
import { typedValue } from "../typed-value.ts";
import { readWish } from "../wish.ts";
import { attach, type Part } from "./attach.ts";

const TYPE = "tram-thing-set";
/** How many values may wait for the gateway, and for how many seconds. */
const WAITING = { most: 1_000, standard: 100 } as const;
const KEEP_S = { most: 3_600, standard: 60 } as const;

/** Sets a property: the first output has what was accepted, the second what was refused or dropped, with the reason. */
export default function register(RED: Red): void {
  RED.nodes.registerType(TYPE, function thingSet(this: RedNode, config: NodeConfig): void {
    RED.nodes.createNode(this, config);
    attach(RED, this, config, (gateway, light) => setThings(this, config, gateway, light));
  });
}

function setThings(node: RedNode, config: NodeConfig, gateway: Gateway, light: StatusLight): Part {
  const thing = text(config.thing)?.trim();
  const property = text(config.property)?.trim();
  let closed = false;
  let droppedCount = 0;
  let trouble = "";

  const count = (waiting: number): string =>
    droppedCount === 0 ? `⧗ ${waiting}` : `⧗ ${waiting}  ✗ ${droppedCount}`;

  const queue = new SetQueue({
    timers: gateway.timers,
    attempt: (wish) => attempt(gateway, wish),
    most: numberIn(config.queue, 0, WAITING.most, WAITING.standard),
    oldestMs: numberIn(config.keepSeconds, 1, KEEP_S.most, KEEP_S.standard) * 1_000,
    onChange: (waiting) => {
      if (waiting > 0 && gateway.link.state === "offline") {
        light.show({ fill: "yellow", shape: "ring", text: count(waiting) });
      }
    },
  });
  const tell = (what: Omit<Wish, "key">, outcome: Outcome): void => {
    if (outcome.state === "dropped") droppedCount++;
    if (outcome.state === "accepted") {
      light.show({ fill: "green", shape: "dot", text: short(what.value) });
      trouble = "";
      return;
    }
    const { code, reason } = outcome;
    const text = outcome.state === "dropped" ? count(queue.waiting) : short(reason);
    light.show({ fill: "red", shape: outcome.state === "dropped" ? "ring" : "dot", text });
    // One warning when it begins to go wrong, and one when it goes wrong in another way.
    if (trouble !== code) node.warn(`${what.thing}/${what.property}: ${reason}`);
    trouble = code;
  };

  node.on("input", (msg, send, done) => {
    const finish = (what: Omit<Wish, "key">, outcome: Outcome): void => {
      if (!closed) {
        tell(what, outcome);
        const command = { thing: what.thing, property: what.property, value: what.value, ...outcome };
        const out: NodeMessage = { ...msg, command };
        send(outcome.state === "accepted" ? [out, null] : [null, out]);
      }
      done();
    };
    const given = {
      ...(thing === undefined ? {} : { thing }),
      ...(property === undefined ? {} : { property }),
    };
    const read = readWish(msg, given);
    if (!read.ok) {
      const what = { thing: thing ?? "", property: property ?? "", value: null };
      finish(what, { state: "refused", code: "bad-message", reason: read.problem });
      return;
    }
    const key = gateway.mirror.propertyKey(read.target.thing, read.target.property);
    const type = gateway.mirror.things.get(read.target.thing)?.properties.get(key)?.type;
    const what = { thing: read.target.thing, property: key, value: typedValue(read.value, type) };
    queue.push({ ...what, key: randomUUID() }, (outcome) => finish(what, outcome));
  });

  const stop: Disposable = {
    [Symbol.dispose]: () => {
      closed = true;
      queue[Symbol.dispose]();
    },
  };
  return {
    held: [stop],
    hear: (notice) => {
      if (notice.kind === "snapshot") queue.wake();
    },
  };
}

async function attempt({ api }: Gateway, { key, property, thing, value }: Wish): Promise<Attempt> {
  const [node = "", name] = property.split("/", 2);
  if (name === undefined) {
    return { state: "refused", code: "unknown-property", reason: `${property}: expected node/name` };
  }
  const path = [thing, "properties", node, name].map(encodeURIComponent).join("/");
  return outcomeOf(await api.call("PUT", `/api/v1/things/${path}`, { body: value, key }));
}

function outcomeOf(answer: Answer): Attempt {
  if (!answer.ok) {
    const { code, passing, reason } = answer;
    return { state: passing ? "away" : "refused", code, reason };
  }
  const id = /^\/api\/v1\/commands\/([\w-]{1,128})$/.exec(answer.location ?? "")?.[1];
  return { state: "accepted", ...(id === undefined ? {} : { id }) };
}
