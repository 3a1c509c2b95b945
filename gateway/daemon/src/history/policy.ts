import { namePattern } from "@tram/protocol";

/** How the history of some properties is kept. Undefined: as long as there is room. */
export interface HistoryPolicy {
  /** Ids of Things and keys of properties, `*` standing for any characters. */
  readonly things: readonly string[];
  readonly properties: readonly string[];
  readonly record: boolean;
  /** Kept in full also when the flash has to be spared. */
  readonly always: boolean;
  /** Readings as they came are dropped after so many days; the tiers stay. */
  readonly rawDays: number | undefined;
  /** Everything is dropped after so many days. */
  readonly days: number | undefined;
}

export const DEFAULT_POLICY: HistoryPolicy = {
  things: ["*"],
  properties: ["*"],
  record: true,
  always: false,
  rawDays: undefined,
  days: undefined,
};

export type PolicyFor = (thing: string, property: string) => HistoryPolicy;

/** @returns the first policy that fits a property. */
export function policies(list: readonly HistoryPolicy[]): PolicyFor {
  const compiled = list.map((policy) => ({
    policy,
    things: policy.things.map(namePattern),
    properties: policy.properties.map(namePattern),
  }));
  return (thing, property) =>
    compiled.find(
      ({ things, properties }) =>
        things.some((takes) => takes(thing)) && properties.some((takes) => takes(property)),
    )?.policy ?? DEFAULT_POLICY;
}
