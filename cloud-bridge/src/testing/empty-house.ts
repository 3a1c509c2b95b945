import { NO_REQUESTS } from "@tram/testkit";
import type { BridgeHouse } from "../bridge.ts";

/** A house without Things, in which no cloud may ask for anything. */
export const EMPTY_HOUSE: BridgeHouse = {
  ask: NO_REQUESTS.ask,
  readings: () => [],
  things: () => [],
  describe: () => undefined,
  facts: () => undefined,
  areaOf: () => undefined,
  onThing: () => ({ [Symbol.dispose]: () => undefined }),
  turnedAway: () => undefined,
};
