import { expect, test } from "vitest";
import { text } from "../testing/raw-packet.ts";
import type { ProtocolVersion } from "./packet.ts";
import { PacketReader } from "./packet-reader.ts";
import { isSharedFilter, readTopicFilter } from "./topic-filter.ts";

function read(filter: string, version: ProtocolVersion): string {
  const reader = new PacketReader();
  const bytes = text(filter);
  reader.open(bytes, 0, bytes.length);
  reader.version = version;
  return readTopicFilter(reader);
}

// Those that are refused have rows in the table of malformed packets.
test.each<[string]>([
  ["a"],
  ["/"],
  ["//"],
  ["a/b/c"],
  ["#"],
  ["/#"],
  ["a/#"],
  ["+"],
  ["+/+"],
  ["/+"],
  ["+/#"],
  ["a/+/#"],
  ["a//+/"],
  ["$SYS/#"],
  ["$share"],
  ["$shared/a"],
  ["$share/group/#"],
  ["$share/group/+/a"],
  ["$share/group//"],
  ["nhiệt độ/+"],
  [" "],
])("%j is well-formed in both versions", (filter) => {
  expect(read(filter, 4)).toBe(filter);
  expect(read(filter, 5)).toBe(filter);
});

test("a shared subscription begins with $share/", () => {
  expect(isSharedFilter("$share/g/a")).toBe(true);
  expect(isSharedFilter("$share")).toBe(false);
  expect(isSharedFilter("a/$share/g")).toBe(false);
});
