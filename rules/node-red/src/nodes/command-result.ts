import { CommandTracker, hasEnded } from "../command-tracker.ts";
import type { Gateway } from "../gateway.ts";
import { type CommandInfo, readCommand } from "../live-message.ts";
import { fields, short, text, word } from "../outside.ts";
import type { NodeConfig, NodeMessage, NodeStatus, Red, RedNode } from "../red.ts";
import type { StatusLight } from "../status-light.ts";
import { attach, type Part } from "./attach.ts";

const TYPE = "tram-command-result";
/** Before a question that got no answer is asked again. In milliseconds. */
const AGAIN_MS = 1_000;
const WATCHES = ["input", "thing", "all"] as const;

const FILL = {
  accepted: "blue",
  sent: "blue",
  confirmed: "green",
  refused: "red",
  failed: "red",
  expired: "red",
} as const;

/** Emits what becomes of commands: of those that come in from *Thing set*, of one Thing's, or of all. */
export default function register(RED: Red): void {
  RED.nodes.registerType(TYPE, function commandResult(this: RedNode, config: NodeConfig): void {
    RED.nodes.createNode(this, config);
    attach(RED, this, config, (gateway, light) => follow(this, config, gateway, light));
  });
}

function follow(node: RedNode, config: NodeConfig, gateway: Gateway, light: StatusLight): Part {
  const watch = word(config.watch, WATCHES) ?? "input";
  const thing = text(config.thing)?.trim();
  const endsOnly = config.endsOnly === true;
  let closed = false;

  const send = (command: CommandInfo, message: NodeMessage): void => {
    light.show(statusOf(command));
    if (endsOnly && !hasEnded(command)) return;
    node.send({ ...message, topic: topicOf(command), payload: command.state, command });
  };
  const tracker = new CommandTracker<NodeMessage>(send);

  node.on("input", (msg, _send, done) => {
    if (watch === "input") {
      const given = fields(msg.command) ?? {};
      const command = readCommand({ id: "", ...given });
      if (command !== undefined && command.id === "") send(command, msg);
      else if (command !== undefined) {
        tracker.track(command, msg);
        // It may have gone on before the answer to its request was here.
        const now = gateway.mirror.command(command.id);
        if (now !== undefined) tracker.hear(now);
      } else if (given.state === "dropped") {
        node.send({ ...msg, payload: "dropped" });
      }
    }
    done();
  });

  let again: Disposable | undefined;
  /** What happened while the gateway could not be heard, one after the other. */
  const catchUp = async (): Promise<void> => {
    for (const id of tracker.ids) {
      const answer = await gateway.api.call("GET", `/api/v1/commands/${encodeURIComponent(id)}`);
      if (closed) return;
      const command = answer.ok ? readCommand(answer.body) : undefined;
      if (command !== undefined) tracker.hear(command);
      else if (!answer.ok && answer.code === "unknown-command") tracker.forget(id);
      else if (!answer.ok && answer.passing) {
        // When the connection is lost again, the next snapshot begins anew.
        again?.[Symbol.dispose]();
        if (gateway.link.state !== "offline") again = gateway.timers.after(AGAIN_MS, () => void catchUp());
        return;
      }
    }
  };

  const stop: Disposable = {
    [Symbol.dispose]: () => {
      closed = true;
      again?.[Symbol.dispose]();
    },
  };
  return {
    held: [stop],
    hear: (notice) => {
      if (notice.kind === "snapshot") void catchUp();
      else if (notice.kind === "change" && notice.change.kind === "command") {
        const { command } = notice.change;
        if (watch === "input") tracker.hear(command);
        else if (watch === "all" || command.thing === thing) send(command, {});
      }
    },
  };
}

function statusOf({ state, ...command }: CommandInfo): NodeStatus {
  const reason = text(command.reason);
  if (reason !== undefined) return { fill: FILL[state], shape: "dot", text: short(reason) };
  return { fill: FILL[state], shape: "dot", text: `${TYPE}.status.${state}` };
}

function topicOf(command: CommandInfo): string {
  return `${command.thing}/${text(command.property) ?? text(command.action) ?? ""}`;
}
