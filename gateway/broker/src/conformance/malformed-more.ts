import { properties, raw, rawConnect, text } from "../testing/raw-packet.ts";
import type { MalformedCase } from "./malformed-cases.ts";

const BAD = text(Buffer.from([0xc3, 0x28]));
const MALFORMED = 0x81;

/** Statements that the table of the codec's rules has under another number. */
export const MORE_MALFORMED: readonly MalformedCase[] = [
  ...connects(4, [
    ["1.5.3-2", "U+0000 in a user name", 0x82, text("c"), text("a\0b")],
    ["3.1.2-11", "a will that no flag announces", 0x02, text("c"), text("w"), text("")],
    ["3.1.2-18", "a user name that no flag announces", 0x02, text("c"), text("u")],
    ["3.1.2-20", "a password that no flag announces", 0x82, text("c"), text("u"), text("p")],
    ["3.1.3-4", "a client id that is not UTF-8", 0x02, BAD],
    ["3.1.3-10", "a will's topic that is not UTF-8", 0x06, text("c"), BAD, text("")],
    ["3.1.3-11", "a user name that is not UTF-8", 0x82, text("c"), BAD],
    ["3.1.2-9", "a will without its payload", 0x06, text("c"), text("w")],
  ]),
  ...connects(5, [
    ["3.1.2-16", "a user name that no flag announces", 0x02, 0, text("c"), text("u")],
    ["3.1.2-18", "a password that no flag announces", 0x82, 0, text("c"), text("u"), text("p")],
    ["3.1.3-4", "a client id that is not UTF-8", 0x02, 0, BAD],
    ["3.1.3-11", "a will's topic that is not UTF-8", 0x06, 0, text("c"), 0, BAD, text("")],
    ["3.1.3-12", "a user name that is not UTF-8", 0x82, 0, text("c"), BAD],
    ["3.1.2-9", "a will without its properties", 0x06, 0, text("c")],
    ["3.1.3-1", "a user name too many", 0x06, 0, text("c"), 0, text("w"), text(""), text("u")],
    ["1.5.4-1", "surrogates in the client id", 0x02, 0, text(Buffer.from([0xed, 0xa0, 0x80]))],
  ]),
  ...packets(4, [
    ["3.3.2-1", "a topic name that is not UTF-8", raw(0x30, BAD)],
    ["3.3.2-1", "no topic name", raw(0x30)],
    ["3.8.3-1", "a filter that is not UTF-8", raw(0x82, 0, 1, BAD, 0)],
    ["3.10.3-1", "a filter that is not UTF-8", raw(0xa2, 0, 1, BAD)],
    ["4.7.1-1", "a wildcard in a topic name", raw(0x30, text("a/+"))],
    ["4.7.3-2", "U+0000 in a filter", raw(0x82, 0, 1, text("a\0"), 0)],
  ]),
  ...packets(5, [
    ["2.2.2-1", "no length of properties", raw(0x82, 0, 1, text("a"), 0)],
    ["3.3.2-1", "a topic name that is not UTF-8", raw(0x30, BAD, 0)],
    ["3.3.2-13", "a Response Topic that is not UTF-8", raw(0x30, text("a"), properties(0x08, BAD))],
    ["3.3.2-19", "a Content Type that is not UTF-8", raw(0x30, text("a"), properties(0x03, BAD))],
    ["3.8.3-1", "a filter that is not UTF-8", raw(0x82, 0, 1, 0, BAD, 0)],
    ["3.10.3-1", "a filter that is not UTF-8", raw(0xa2, 0, 1, 0, BAD)],
    ["3.10.1-1", "the flags of UNSUBSCRIBE", raw(0xa0, 0, 1, 0, text("a"))],
    ["3.8.1-1", "the flags of SUBSCRIBE", raw(0x80, 0, 1, 0, text("a"), 0)],
    ["3.6.1-1", "the flags of PUBREL", raw(0x60, 0, 1)],
    ["3.3.1-4", "QoS 3", raw(0x36, text("a"), 0, 1, 0)],
    ["3.3.1-2", "DUP at QoS 0", raw(0x38, text("a"), 0)],
    ["4.7.0-1", "a wildcard in a topic name", raw(0x30, text("+"), 0)],
    ["4.7.3-1", "an empty filter", raw(0x82, 0, 1, 0, text(""), 0)],
    ["4.7.3-2", "U+0000 in a filter", raw(0x82, 0, 1, 0, text("a\0"), 0)],
    ["3.1.3-3", "CONNECT that ends before the client id", rawConnect(5, 2, 0), "connack"],
  ]),
];

function connects(
  version: 4 | 5,
  rows: readonly (readonly [string, string, number, ...(number | Buffer)[]])[],
): MalformedCase[] {
  return rows.map(([number, what, flags, ...fields]) => ({
    version,
    statement: `MQTT-${number}`,
    what,
    first: true,
    answer: version === 5 ? "connack" : undefined,
    reasonCode: MALFORMED,
    bytes: rawConnect(version, flags, ...fields),
  }));
}

function packets(
  version: 4 | 5,
  rows: readonly (readonly [string, string, Buffer, "connack"?])[],
): MalformedCase[] {
  return rows.map(([number, what, bytes, answer]) => ({
    version,
    statement: `MQTT-${number}`,
    what,
    first: answer !== undefined,
    answer: answer ?? (version === 5 ? "disconnect" : undefined),
    reasonCode: MALFORMED,
    bytes,
  }));
}
