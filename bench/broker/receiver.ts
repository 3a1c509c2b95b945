import type { Link } from "./link.ts";
import { PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL } from "./packets.ts";

/** Messages that came, of all receivers together. */
export interface Arrivals {
  count: number;
}

/** Counts what comes on a connection, and acknowledges it. */
export function receive(link: Link, arrivals: Arrivals): void {
  link.onPacket = (head, bytes, start) => {
    if ((head & 0xf0) === PUBLISH) {
      arrivals.count++;
      const qos = (head >> 1) & 3;
      if (qos === 0) return;
      const id = start + 2 + (((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0));
      link.answer(qos === 1 ? PUBACK : PUBREC, bytes[id], bytes[id + 1]);
    } else if (head === PUBREL) link.answer(PUBCOMP, bytes[start], bytes[start + 1]);
  };
}
