import fc from "fast-check";
import { expect, test } from "vitest";
import type { StoredOperation } from "./committer.ts";
import type { EncodedOperation } from "./encode.ts";
import { Pending } from "./pending.ts";

const key = fc.constantFrom("a", "b", "c");
const seq = fc.integer({ min: 1, max: 4 });
const text = fc.nat({ max: 9 }).map(String);
const operation: fc.Arbitrary<EncodedOperation> = fc.oneof(
  fc.record({ op: fc.constant("put" as const), table: fc.constantFrom("t", "u"), key, text }),
  fc.record({ op: fc.constant("delete" as const), table: fc.constantFrom("t", "u"), key }),
  fc.record({ op: fc.constant("append" as const), log: fc.constant("l"), seq, text }),
  fc.record({ op: fc.constant("remove" as const), log: fc.constant("l"), seq }),
);
type Step =
  | { readonly do: "add"; readonly operations: readonly EncodedOperation[] }
  | { readonly do: "seal"; readonly kept: boolean; readonly meanwhile: readonly EncodedOperation[] };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("add" as const), operations: fc.array(operation, { maxLength: 5 }) }),
  fc.record({
    do: fc.constant("seal" as const),
    kept: fc.boolean(),
    meanwhile: fc.array(operation, { maxLength: 5 }),
  }),
);

/** A database in the simplest way, with what is pending laid over it. */
class Model {
  readonly entries = new Map<string, string>();
  readonly rows = new Map<number, string>();
  last = 0;

  apply(operations: Iterable<StoredOperation>): void {
    for (const each of operations) {
      if (each.op === "put") this.entries.set(`${each.table}/${each.key}`, each.text);
      if (each.op === "delete") this.entries.delete(`${each.table}/${each.key}`);
      if (each.op === "append") this.rows.set(each.seq, each.text);
      if (each.op === "remove") this.rows.delete(each.seq);
      if (each.op === "remove-range") for (let at = each.from; at <= each.to; at++) this.rows.delete(at);
      if (each.op === "append") this.last = Math.max(this.last, each.seq);
      if (each.op === "head") this.last = Math.max(this.last, each.last);
    }
  }

  seenThrough(pending: Pending): Model {
    const seen = new Model();
    for (const [place, value] of this.entries) seen.entries.set(place, value);
    for (const [at, value] of this.rows) seen.rows.set(at, value);
    for (const table of ["t", "u"]) {
      for (const [name, value] of pending.table(table)) {
        if (value === undefined) seen.entries.delete(`${table}/${name}`);
        else seen.entries.set(`${table}/${name}`, value);
      }
    }
    for (const [at, value] of pending.log("l").rows) {
      if (value === undefined) seen.rows.delete(at);
      else seen.rows.set(at, value);
    }
    seen.last = Math.max(this.last, pending.log("l").last);
    return seen;
  }

  get content(): unknown {
    return { entries: [...this.entries].sort(), rows: [...this.rows].sort(), last: this.last };
  }
}

test("the database and what is pending over it are what was acknowledged, whatever is on its way and fails", () => {
  const run = (steps: readonly Step[]): void => {
    const pending = new Pending();
    const [acknowledged, database] = [new Model(), new Model()];
    const add = (operations: readonly EncodedOperation[]): void => {
      pending.add(operations);
      acknowledged.apply(operations);
    };
    const compare = (): void => expect(database.seenThrough(pending).content).toEqual(acknowledged.content);
    for (const each of steps) {
      if (each.do === "add") add(each.operations);
      else {
        const sealed = pending.seal();
        add(each.meanwhile);
        compare();
        if (each.kept) {
          database.apply(sealed as Iterable<EncodedOperation>);
          pending.clear();
        } else pending.unseal();
      }
      compare();
      expect(pending.empty).toBe(pending.size === 0);
    }
  };
  fc.assert(fc.property(fc.array(step, { maxLength: 12 }), run), { numRuns: 500 });
});

test("what is removed side by side goes with one statement, and nothing else along", () => {
  const pending = new Pending();
  const removed = [...Array.from({ length: 2_500 }, (_, index) => index + 1), 2_502, 2_504, 2_505];
  for (const at of removed.toReversed()) pending.add([{ op: "remove", log: "l", seq: at }]);
  expect([...pending.seal()]).toEqual([
    { op: "remove-range", log: "l", from: 1, to: 1_000 },
    { op: "remove-range", log: "l", from: 1_001, to: 2_000 },
    { op: "remove-range", log: "l", from: 2_001, to: 2_500 },
    { op: "remove", log: "l", seq: 2_502 },
    { op: "remove-range", log: "l", from: 2_504, to: 2_505 },
  ]);
});
