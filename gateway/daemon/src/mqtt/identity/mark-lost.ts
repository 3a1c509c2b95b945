import type { Broker, Registry, Transactions } from "@tram/core";
import { deviceTopic, homieState } from "@tram/protocol";

export interface MarkLostParts {
  readonly registry: Registry;
  readonly transactions: Pick<Transactions, "record">;
  readonly broker: () => Pick<Broker, "publish">;
}

/**
 * Says of the Things that an account spoke for that they are lost. Whoever was turned out cannot say so any more: its
 * will is refused with the rest.
 */
export async function markLost(account: string, parts: MarkLostParts): Promise<void> {
  const { registry, transactions, broker } = parts;
  const inHomie = registry.namesOf(`mqtt:${account}`);
  const ids = [...inHomie, ...registry.namesOf(`foreign:${account}`)];
  if (ids.length === 0) return;
  await transactions.record((unit) => {
    for (const id of ids) registry.setAvailability(id, "lost", unit);
  });
  // The gateway itself speaks for the others in Homie.
  for (const id of inHomie) {
    const payload = Buffer.from(homieState("lost"));
    // Not kept is told by the store's health; the registry knows it in any case.
    await broker()
      .publish({ topic: deviceTopic(id, "state"), payload, qos: 1, retain: true })
      .catch(() => undefined);
  }
}
