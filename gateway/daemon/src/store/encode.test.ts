import type { Operation } from "@tram/core";
import { expect, test } from "vitest";
import { encodeOperation } from "./encode.ts";

const cycle: unknown[] = [];
cycle.push(cycle);

test.each<[what: string, operation: unknown]>([
  ["a table's name with a capital", { op: "put", table: "Things", key: "a", value: 1 }],
  ["an empty name", { op: "delete", table: "", key: "a" }],
  ["a name with a line break at its end", { op: "remove", log: "a\n", seq: 1 }],
  ["a key that is half a character", { op: "put", table: "t", key: "\ud800", value: 1 }],
  ["a key that is no text", { op: "delete", table: "t", key: 1 }],
  ["position 0", { op: "append", log: "l", seq: 0, value: 1 }],
  ["a position with a fraction", { op: "remove", log: "l", seq: 1.5 }],
  ["a position beyond exact numbers", { op: "append", log: "l", seq: 2 ** 53, value: 1 }],
  ["no value", { op: "put", table: "t", key: "a", value: undefined }],
  ["a value that is a big integer", { op: "append", log: "l", seq: 1, value: 1n }],
  ["a value that contains itself", { op: "put", table: "t", key: "a", value: cycle }],
  ["an operation that does not exist", { op: "truncate", table: "t" }],
])("%s is a bug of the caller", (_, operation) => {
  expect(() => encodeOperation(operation as Operation)).toThrow(TypeError);
});
