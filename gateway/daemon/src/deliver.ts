import type { Broker, Bus, Clock, Deliver, Registry, Supervisor } from "@tram/core";
import { DEFAULT_CONFIRM_MS } from "@tram/core";
import type { ModuleId, Ms, ThingId } from "@tram/protocol";
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
    if (record.source.startsWith("module:")) {
      const module = record.source.slice("module:".length) as ModuleId;
      return parts.supervisor.execute(module, command, command.timeoutMs ?? DEFAULT_CONFIRM_MS, signal);
    }
    if (!("property" in command.target)) {
      return { outcome: "rejected", reason: "a Homie device has no actions" };
    }
    if (resumed) await heard(command.thing, signal);
    if (record.source.startsWith("foreign:")) {
      const message = parts.foreign().command(command.thing, command.target.property, command.value);
      if (typeof message === "string") return { outcome: "rejected", reason: message };
      await parts.broker().publish({ ...message, payload: Buffer.from(message.payload) });
      return { outcome: "sent" };
    }
    await sendHomieCommand(parts.broker(), record.thing, command.target.property, command.value);
    return { outcome: "sent" };
  };
}
