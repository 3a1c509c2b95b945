import type { BrokerCapabilities } from "@tram/core";
import { ADMISSION_RULES } from "./admission-rules.ts";
import { type BrokerHarness, BrokerRoom, type BrokerRule } from "./broker-case.ts";
import { CAPABILITY_RULES } from "./capability-rules.ts";
import { ContractHouse } from "./contract-house.ts";
import { DELIVERY_RULES } from "./delivery-rules.ts";
import { KEEPING_RULES } from "./keeping-rules.ts";

/** An engine, and what it says of itself. */
export interface BrokerUnderContract {
  readonly supports: BrokerCapabilities;
  /** A new, empty one for each rule. */
  harness(): Promise<BrokerHarness>;
}

/** One rule, ready to be run by any test runner. */
export interface BrokerCheck {
  readonly name: string;
  /** Rejects with an `AssertionError` that says what the engine did instead. */
  run(): Promise<void>;
}

const RULES: readonly BrokerRule[] = [
  ...CAPABILITY_RULES,
  ...ADMISSION_RULES,
  ...KEEPING_RULES,
  ...DELIVERY_RULES,
];

/**
 * What every MQTT engine behind the broker port must do, seen by clients on real sockets, with each version of MQTT that
 * it speaks. Rules that need what an engine does not claim are left out; what it claims is tried.
 */
export function brokerContract({ supports, harness }: BrokerUnderContract): readonly BrokerCheck[] {
  const rules = RULES.filter(({ needs }) => needs === undefined || supports[needs]);
  const versions: readonly (4 | 5)[] = supports.mqtt5 ? [4, 5] : [4];
  return versions.flatMap((version) =>
    rules.map((rule) => ({
      name: `MQTT ${version === 5 ? "5.0" : "3.1.1"}: ${rule.name}`,
      run: async () => {
        const room = new BrokerRoom(new ContractHouse(), await harness(), { supports, version });
        try {
          await room.open();
          await rule.try(room);
        } finally {
          await room.end();
        }
      },
    })),
  );
}
