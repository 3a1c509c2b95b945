import { Transactions } from "@tram/core";
import { MemoryStore } from "@tram/testkit";
import { expect, test } from "vitest";
import { listeningLog } from "../listeners/testing/door.ts";
import { DescriptionVersions } from "./description-versions.ts";

test("versions rise, also over starts, and a row that cannot be read starts anew", async () => {
  const store = new MemoryStore();
  const transactions = new Transactions(store, listeningLog().log, () => undefined);
  const seen: number[] = [];
  for (let start = 0; start < 3; start++) {
    const versions = await DescriptionVersions.open(store, transactions);
    for (let change = 0; change < 3; change++) seen.push(versions.next());
  }
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  expect(seen.every(Number.isSafeInteger)).toBe(true);
  await store.commit([{ op: "put", table: "homie", key: "starts", value: { count: "many" } }], "crash");
  expect((await DescriptionVersions.open(store, transactions)).next()).toBeGreaterThan(0);
});
