import type { Registry } from "@tram/core";
import {
  type Command,
  type CommandId,
  encodeHomieValue,
  type Json,
  jsonEqual,
  type PropertyAffordance,
  type PropertyKey,
  type Reading,
  type ThingId,
  targetTopic,
} from "@tram/protocol";

/** How many commands may wait to be told as they were written. */
const EXACT_LIMIT = 2_000;

/**
 * Homie 5.0 "Target attribute", outward: the `$target` of each settable property of ours. While a command is under way it
 * is what was asked for, in the bytes in which it was asked; else it follows the value, ahead of it. So it is told with
 * every update or, of what cannot be set, never.
 */
export class OutwardTargets {
  readonly #registry: Registry;
  readonly #publish: (topic: string, payload: string) => void;
  /** Payloads of commands that are accepted and not yet told. */
  readonly #exact = new Map<CommandId, string>();
  /** The command that is under way, by topic. */
  readonly #pending = new Map<string, CommandId>();
  readonly #told = new Map<string, Json>();

  /** @param publish publishes retained. */
  constructor(registry: Registry, publish: (topic: string, payload: string) => void) {
    this.#registry = registry;
    this.#publish = publish;
  }

  /** How a command was written that is about to be told. */
  writtenAs(command: CommandId, payload: string): void {
    if (this.#exact.size < EXACT_LIMIT) this.#exact.set(command, payload);
  }

  onCommand(command: Command): void {
    const exact = this.#exact.get(command.id);
    this.#exact.delete(command.id);
    if (!("property" in command.target)) return;
    const { property } = command.target;
    const affordance = this.#settable(command.thing, property);
    if (affordance === undefined) return;
    const topic = targetTopic(command.thing, property);
    if (command.state === "accepted") {
      if (this.#pending.get(topic) === command.id) return; // It waits for its device.
      this.#pending.set(topic, command.id);
      this.#told.set(topic, command.value);
      this.#publish(topic, exact ?? encodeHomieValue(affordance, command.value));
    } else if (command.endedAt !== undefined && this.#pending.get(topic) === command.id) {
      this.#pending.delete(topic);
      if (command.state !== "failed" && command.state !== "expired") return;
      // A later command that replaces this one is told next: the value is no target in between.
      queueMicrotask(() => {
        if (!this.#pending.has(topic))
          this.#follow(topic, affordance, this.#registry.read(command.thing, property));
      });
    }
  }

  /** To be called before the value is published. */
  onValue(reading: Reading): void {
    const affordance = this.#settable(reading.thing, reading.property);
    if (affordance === undefined) return;
    const topic = targetTopic(reading.thing, reading.property);
    if (!this.#pending.has(topic)) this.#follow(topic, affordance, reading);
  }

  /** The topic is cleared. */
  forget(topic: string): void {
    this.#pending.delete(topic);
    this.#told.delete(topic);
  }

  #follow(topic: string, affordance: PropertyAffordance, reading: Reading | undefined): void {
    const value = reading?.value ?? null;
    // Functionally equal is enough: what was asked for stays in its own bytes.
    if (value === null || jsonEqual(this.#told.get(topic), value)) return;
    this.#told.set(topic, value);
    this.#publish(topic, encodeHomieValue(affordance, value));
  }

  #settable(thing: ThingId, property: PropertyKey): PropertyAffordance | undefined {
    const affordance = this.#registry.thing(thing)?.properties[property];
    return affordance === undefined || affordance.readOnly === true ? undefined : affordance;
  }
}
