/**
 * What both systems are asked to do: 100 Things report, each crossing of a threshold must become one command to an
 * actuator. Times in milliseconds.
 */
export const THINGS = 100;
export const ACTUATORS = 10;
/** Readings of all Things together. */
export const READINGS_PER_SECOND = 2_000;
/** The same in a router-like box, which has a fifth of one core. */
export const READINGS_IN_THE_BOX = 200;
/** All readings of a full house together: 1,000 Things with 10 properties each. */
export const HOUSE_READINGS_PER_SECOND = 5_000;
/** Every this many readings one crosses the threshold: 50 crossings a second. */
export const READINGS_PER_CROSSING = 40;
export const THRESHOLD = 30;

const TWO_DIGITS = 2;

export const things: readonly string[] = numbered("dev", THINGS);
export const actuators: readonly string[] = numbered("act", ACTUATORS);

/** The account under which the rules of the peer run; it sees everything. */
export const RULES_ACCOUNT = "rules";
export const PASSWORD = "bench-password";

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(TWO_DIGITS, "0")}`);
}

/** The actuator that the rules of a Thing command. */
export function actuatorOf(thing: number): number {
  return thing % ACTUATORS;
}

export function readingTopic(thing: string): string {
  return `homie/5/${thing}/air/temperature`;
}

export function stateTopic(actuator: string): string {
  return `homie/5/${actuator}/relay/on`;
}

export function commandTopic(actuator: string): string {
  return `${stateTopic(actuator)}/set`;
}

/** The retained messages with which a Homie device enters. */
export function introduction(device: string): readonly { topic: string; payload: string }[] {
  const isThing = device.startsWith("dev");
  const nodes = isThing
    ? {
        air: {
          name: "Air",
          properties: { temperature: { name: "Temperature", datatype: "float", unit: "°C" } },
        },
      }
    : { relay: { name: "Relay", properties: { on: { name: "On", datatype: "boolean", settable: true } } } };
  const description = { homie: "5.0", version: 1, name: device, nodes };
  return [
    { topic: `homie/5/${device}/$state`, payload: "init" },
    { topic: `homie/5/${device}/$description`, payload: JSON.stringify(description) },
    { topic: `homie/5/${device}/$state`, payload: "ready" },
    isThing
      ? { topic: readingTopic(device), payload: "20.0" }
      : { topic: stateTopic(device), payload: "false" },
  ];
}

export interface PlannedReading {
  /** Index of the Thing. */
  readonly thing: number;
  readonly payload: string;
  /** The value that the actuator must be set to, when this reading crosses the threshold. */
  readonly crossing: boolean | undefined;
}

/**
 * The readings, one after the other, for ever. The Things take turns; one in `READINGS_PER_CROSSING` crosses, all
 * Things upwards, then all downwards. The others move on their side of the threshold, so that no rule may fire.
 */
export function* readings(): Generator<PlannedReading, never> {
  const hot = things.map(() => false);
  let crossings = 0;
  for (let count = 0; ; count++) {
    const due = crossings % THINGS;
    const crossing = count % READINGS_PER_CROSSING === READINGS_PER_CROSSING - 1;
    const thing = crossing ? due : count % THINGS;
    if (crossing) {
      hot[thing] = hot[thing] !== true;
      crossings++;
    }
    const isHot = hot[thing] === true;
    const celsius = THRESHOLD + (isHot ? 1 : -9) + (count % 50) / 10;
    yield { thing, payload: celsius.toFixed(1), crossing: crossing ? isHot : undefined };
  }
}
