import { PRODUCT } from "@tram/protocol";
import type { FilterLevels } from "./topic-filter.ts";

/** The user name that a device without a credential connects with; its password is the claim code. */
export const PAIR = "pair";

/** The account that everybody is when `mqtt.anonymous` is on. */
export const ANONYMOUS = "anonymous";

/** Where a device sends its claim. Never routed to anybody. */
export const PAIR_REQUEST = `${PRODUCT.topicPrefix}/${PAIR}/request`;
/** Where the answer comes, to the connection that asked and to no other. */
export const PAIR_REPLY = `${PRODUCT.topicPrefix}/${PAIR}/reply`;

const PAIR_LEVELS = `${PRODUCT.topicPrefix}/${PAIR}`.split("/");

/** Whether a topic, or all that a filter can match, lies where devices pair. Nothing there is ever routed. */
export function isPairing(levels: FilterLevels): boolean {
  return PAIR_LEVELS.every((level, index) => levels[index] === level);
}
