import type { Broker, Bus, Clock, Deliver, Delivery, Link, Registry, Supervisor } from "@tram/core";
import { DEFAULT_CONFIRM_MS } from "@tram/core";
import type { Command, ModuleId, Ms, ThingId } from "@tram/protocol";
import type { ForeignDevices } from "./foreign/foreign-devices.ts";
import { sendHomieCommand } from "./mqtt/homie-out.ts";

/** How long a command from before a restart waits for its device to come back to the broker. In milliseconds. */
const RETURN_MS: Ms = 5_000;

/** Finds the way to a Thing: through the module that speaks for it, or over MQTT, in Homie's way or its own. */
export function createDeliver(parts: {
  registry: Registry;
  bus: Bus;
  clock: Clock;
  supervisor: Supervisor;
  broker: () => Broker;
  foreign: () => ForeignDevices;
}): Deliver {
  const { registry, bus, clock } = parts;

  /** Resolves when the Thing is heard, or after `RETURN_MS`. */
  function heard(id: ThingId, signal: AbortSignal): Promise<void> {
    if (registry.get(id)?.availability !== "unknown") return Promise.resolve();
    const done = new AbortController();
    const subscription = bus.on("availability", ({ record }) => {
      if (record.thing.id === id) done.abort();
    });
    return clock
      .sleep(RETURN_MS, AbortSignal.any([signal, done.signal]))
      .catch(() => undefined) // Heard, or the gateway stops: both end the wait.
      .finally(() => subscription[Symbol.dispose]());
  }

  return async (command, signal, { resumed }) => {
    const record = registry.get(command.thing);
    if (record === undefined) throw new Error(`the Thing ${command.thing} is gone`);
    if (resumed && !record.source.startsWith("module:")) await heard(command.thing, signal);
    const links = registry.links(command.thing).filter((link) => leadsTo(link, command.target));
    const [first, ...others] = links;
    if (first === undefined)
      return { outcome: "rejected", reason: `no link of ${command.thing} takes it now` };
    let attempt = send(first, command, signal);
    // A device that is reached in several ways is tried in each, until one of them brings it away.
    for (const link of others) {
      attempt = attempt.catch((error: unknown) => {
        if (signal.aborted) throw error;
        return send(link, command, signal);
      });
    }
    return attempt;
  };

  async function send(link: Link, command: Command, signal: AbortSignal): Promise<Delivery> {
    const { id, source } = link;
    if (source.startsWith("module:")) {
      const module = source.slice("module:".length) as ModuleId;
      const named = id === command.thing ? command : { ...command, thing: id };
      return parts.supervisor.execute(module, named, command.timeoutMs ?? DEFAULT_CONFIRM_MS, signal);
    }
    if (!("property" in command.target)) {
      return { outcome: "rejected", reason: "a Homie device has no actions" };
    }
    if (source.startsWith("foreign:")) {
      const foreign = parts.foreign();
      const message = foreign.command(id, command.target.property, command.value);
      if (typeof message === "string") return { outcome: "rejected", reason: message };
      const { payload, qos, reply, retain, topic } = message;
      const answered = reply === undefined ? undefined : foreign.answerTo(reply, signal);
      await parts.broker().publish({ topic, payload: Buffer.from(payload), qos, retain });
      const answer = await answered;
      return answer?.ok === false ? { outcome: "rejected", reason: answer.problem } : { outcome: "sent" };
    }
    await sendHomieCommand(parts.broker(), link.described, command.target.property, command.value);
    return { outcome: "sent" };
  }
}

/** Whether the device at the end of a link has what the command is for. */
function leadsTo({ described }: Link, target: Command["target"]): boolean {
  return "property" in target
    ? Object.hasOwn(described.properties, target.property)
    : Object.hasOwn(described.actions ?? {}, target.action);
}
