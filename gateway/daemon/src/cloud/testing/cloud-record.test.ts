import { expect, test } from "vitest";
import { CloudRecord } from "./cloud-record.ts";
import { THINGS } from "./said.ts";

/** The numbers of one Thing, none of them an alarm. */
const [ONE, TWO, THREE, FOUR] = [1, 1 + THINGS, 1 + 2 * THINGS, 1 + 3 * THINGS];

const one = (number: number, id = `id-${number}`): string => JSON.stringify({ id, value: number });
const sum = (min: number, max: number, count: number): string =>
  JSON.stringify({ id: `s-${min}-${max}`, value: { min, max, count }, from: 0 });

function recordOf(...payloads: readonly string[]): CloudRecord {
  const record = new CloudRecord(100);
  record.promise(0, 100);
  for (const payload of payloads) record.arrive(payload);
  return record;
}

test("what comes again is no fault: a message with its id, a sum, a sum of what has come", () => {
  const record = recordOf(
    one(ONE),
    one(ONE),
    sum(TWO, THREE, 2),
    one(FOUR),
    sum(TWO, THREE, 2),
    sum(ONE, FOUR, 4),
  );
  expect(record.faults).toEqual([]);
  expect([record.twice, record.sums]).toEqual([3, 3]);
});

test("what is new and comes behind something newer is a fault, summed up or not", () => {
  expect(recordOf(one(TWO), one(ONE)).faults).toEqual([`${ONE} came after ${TWO}`]);
  expect(recordOf(one(FOUR), sum(TWO, THREE, 2)).faults[0]).toBe(`${TWO} came after ${FOUR}`);
  expect(recordOf(one(THREE), sum(ONE, FOUR, 4)).faults[0]).toBe(`${ONE} came after ${THREE}`);
});

test("a sum of too few, another id, and what never came are found", () => {
  expect(recordOf(sum(ONE, THREE, 2)).faults[0]).toContain("has 2 of 3");
  expect(recordOf(one(ONE), one(ONE, "other")).faults[0]).toContain("came with two ids");
  expect(recordOf(one(ONE)).lost()).not.toContain(ONE);
  expect(recordOf(one(ONE)).lost()).toContain(TWO);
});
