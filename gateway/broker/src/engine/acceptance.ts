import { type MqttClient, StoreError, type Unit } from "@tram/core";
import type { Message } from "./message.ts";
import { toMqttMessage } from "./message.ts";
import type { Room } from "./room.ts";
import type { Step } from "./router.ts";

/**
 * What became of a message.
 * - `routed`: kept, and to be delivered.
 * - `swallowed`: kept, and nobody gets it.
 * - `not-kept`: the store failed; who is here gets it once, and it is not acknowledged.
 * - `refused`: the house does not want it.
 */
export type Outcome = "routed" | "swallowed" | "not-kept" | "refused";

/** A message that the house was asked about: who gets it was settled then, and how it ends is told later. */
export class Acceptance {
  readonly message: Message;
  readonly #room: Room;
  #plan: readonly Step[] | undefined;

  constructor(room: Room, message: Message) {
    this.#room = room;
    this.message = message;
  }

  /**
   * Asks the house, and lets it keep with the message what the broker must keep of it: retained value, queues.
   * @param enlist adds what else must be kept with it.
   * @param settled is told once, perhaps before this returns.
   */
  ask(
    client: MqttClient,
    enlist: ((unit: Unit) => void) | undefined,
    settled: (outcome: Outcome) => void,
  ): void {
    const { clock, hooks } = this.#room;
    let answer: boolean | Promise<boolean>;
    try {
      answer = hooks.accept(client, toMqttMessage(this.message, clock.monotonic()), (unit) => {
        this.#enlist(client.username, unit);
        enlist?.(unit);
      });
    } catch (error) {
      settled(this.#failed(error));
      return;
    }
    if (typeof answer === "boolean") settled(answer ? "routed" : "swallowed");
    else {
      answer.then(
        (route) => settled(route ? "routed" : "swallowed"),
        (error: unknown) => settled(this.#failed(error)),
      );
    }
  }

  /** Delivers the message, if it is to be. @returns whether anybody has subscribed to it. */
  deliver(outcome: Outcome): boolean {
    const { router } = this.#room;
    const { message } = this;
    const kept = outcome === "routed";
    const plan = this.#plan;
    if (plan !== undefined) {
      // Swallowed or refused after all: nothing of the plan may stay in a queue.
      if (kept || outcome === "not-kept") router.execute(plan, message, kept);
      else router.cancel(plan);
      return plan.length > 0;
    }
    if (kept) return router.deliver(message);
    return outcome === "not-kept" && router.deliver(message.atMostOnce());
  }

  #enlist(account: string, unit: Unit): void {
    const { retained, router, store } = this.#room;
    const { message } = this;
    if (message.retain) retained.keep(message, unit, { account });
    this.#plan = router.plan(message);
    for (const { delivery, receiver } of this.#plan ?? []) {
      if (delivery !== undefined) store.queue(receiver, delivery, unit);
    }
    // DESIGN: what came at QoS 2 survives a power cut.
    if (message.qos === 2 && !unit.empty) unit.require("power");
  }

  #failed(error: unknown): Outcome {
    if (error instanceof StoreError) return "not-kept";
    this.#room.remarks.warn(
      `accept ${this.message.topic}`,
      {
        topic: this.message.topic.slice(0, 200),
        reason: error instanceof Error ? error.message : String(error),
      },
      "a message was refused",
    );
    return "refused";
  }
}
