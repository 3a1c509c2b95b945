import { describe, expect, test } from "vitest";
import { type Granted, oneCopy } from "./one-copy.ts";

const granted = (options: Partial<Granted> = {}): Granted => ({
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  ...options,
});
const message = { qos: 2, retain: true } as const;

describe("one copy", () => {
  test("[MQTT-3.3.4-2] at the maximum that was granted, [MQTT-3.8.4-8] and not above what was published", () => {
    const both = [granted({ qos: 0 }), granted({ qos: 1 })];
    expect(oneCopy(both, message, false)?.qos).toBe(1);
    expect(oneCopy(both, { qos: 0, retain: false }, false)?.qos).toBe(0);
    expect(oneCopy([granted({ qos: 0 })], message, false)?.qos).toBe(0);
    expect(oneCopy([granted({ qos: 2 }), granted({ qos: 1 })], message, false)?.qos).toBe(2);
  });

  test("[MQTT-3.3.4-4] with all identifiers, each once", () => {
    const some = [
      granted({ identifier: 9 }),
      granted(),
      granted({ identifier: 2 }),
      granted({ identifier: 9 }),
    ];
    expect(oneCopy(some, message, false)?.identifiers).toEqual([2, 9]);
    expect(oneCopy([granted()], message, false)?.identifiers).toEqual([]);
  });

  test("[MQTT-3.8.3-3] not by a subscription that wants nothing of its own", () => {
    const silent = granted({ noLocal: true, qos: 2, identifier: 1, retainAsPublished: true });
    expect(oneCopy([silent], message, true)).toBeUndefined();
    expect(oneCopy([silent], message, false)?.qos).toBe(2);
    expect(oneCopy([silent, granted({ identifier: 5 })], message, true)).toEqual({
      qos: 1,
      retain: false,
      identifiers: [5],
    });
  });

  test("[MQTT-3.3.1-12] [MQTT-3.3.1-13] the flag stays only for who wants it as published", () => {
    expect(oneCopy([granted()], message, false)?.retain).toBe(false);
    const as = granted({ retainAsPublished: true });
    expect(oneCopy([as, granted()], message, false)?.retain).toBe(true);
    expect(oneCopy([granted(), as], { qos: 1, retain: false }, false)?.retain).toBe(false);
  });

  test("nobody wants it where nothing matches", () => {
    expect(oneCopy([], message, false)).toBeUndefined();
  });
});
