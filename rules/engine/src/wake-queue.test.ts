import fc from "fast-check";
import { expect, test } from "vitest";
import { WakeQueue } from "./wake-queue.ts";

test("does what a plain map would do, over any sequence", () => {
  const key = fc.integer({ min: 0, max: 20 });
  const at = fc.integer({ min: 0, max: 100 });
  const command = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant("set"), key, at: fc.option(at, { nil: undefined }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("take"), key, at }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear"), key, at }) },
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
      const queue = new WakeQueue<number>();
      const model = new Map<number, number>();
      for (const { at, key, kind } of commands) {
        if (kind === "clear" && key < 2) {
          queue.clear();
          model.clear();
        } else if (kind === "take") {
          const now = at ?? 0;
          const due = [...model].filter(([, time]) => time <= now);
          expect(queue.takeDue(now).sort()).toEqual(due.map(([id]) => id).sort());
          for (const [id] of due) model.delete(id);
        } else {
          queue.set(key, at);
          if (at === undefined) model.delete(key);
          else model.set(key, at);
        }
        expect(queue.earliest()).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
      }
    }),
  );
});

test("takes what is due earliest first", () => {
  const queue = new WakeQueue<string>();
  for (const [key, at] of Object.entries({ c: 3, a: 1, d: 4, b: 2 })) queue.set(key, at);
  queue.set("a", 2.5);
  expect(queue.takeDue(3)).toEqual(["b", "a", "c"]);
  expect(queue.earliest()).toBe(4);
});
