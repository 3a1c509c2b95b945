import { describe, expect, test } from "vitest";
import { cut } from "../testing/decode-all.ts";
import { MALFORMED_PACKETS } from "../testing/malformed/malformed-packets.ts";
import { bytes, properties, raw, rawConnect, text } from "../testing/raw-packet.ts";
import type { Packet, ProtocolVersion } from "./packet.ts";
import { PacketDecoder, type PacketDecoderOptions } from "./packet-decoder.ts";
import { PacketError } from "./packet-error.ts";
import { RULE_NAMES, violation } from "./violation.ts";

const CONNECT = rawConnect(4, 2, text("c"));
const PING = raw(0xc0);

function open(options: Partial<PacketDecoderOptions> = {}): PacketDecoder {
  return new PacketDecoder({
    sender: "client",
    maximumPacketSize: 10_000,
    maximumConnectSize: 1_000,
    ...options,
  });
}

function all(decoder: PacketDecoder): Packet[] {
  const packets: Packet[] = [];
  for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) packets.push(packet);
  return packets;
}

function errorOf(decoder: PacketDecoder, chunks: readonly Buffer[]): unknown {
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      all(decoder);
    }
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("refuses", () => {
  test.each(MALFORMED_PACKETS)("$sender $version $rule: $what", (row) => {
    const { rule, version, sender, reasonCode, clause, bytes: packet } = row;
    for (const pieces of [[], [1]]) {
      const decoder = open({ sender, ...(version === undefined ? {} : { version }) });
      const error = errorOf(decoder, cut(packet, pieces));
      expect(error).toBeInstanceOf(PacketError);
      expect(error).toMatchObject({ reasonCode, clause });
      expect((error as PacketError).message).toContain(violation(rule, 4).message);
    }
  });

  test("each thing that it can know", () => {
    expect(new Set(MALFORMED_PACKETS.map(({ rule }) => rule))).toEqual(new Set(RULE_NAMES));
  });

  test("a version that the broker can answer", () => {
    const connect = (name: string, level: number) => raw(0x10, text(name), level, 2, 0, 0, text("c"));
    const refusal = (packet: Buffer) => errorOf(open(), [packet]) as PacketError;
    expect(refusal(connect("MQIsdp", 3))).toMatchObject({ code: "unsupported-version", level: 3 });
    expect(refusal(connect("MQIsdp", 4))).toMatchObject({ code: "unsupported-version", level: 4 });
    expect(refusal(connect("MQTT", 6))).toMatchObject({ code: "unsupported-version", level: 6 });
    expect(refusal(connect("HTTP", 4))).toMatchObject({ code: "unsupported-version", level: undefined });
  });

  test("everything after what it refused", () => {
    const decoder = open();
    decoder.push(Buffer.concat([CONNECT, raw(0x30, text("+")), PING]));
    expect(decoder.next()).toMatchObject({ type: "connect" });
    expect(() => decoder.next()).toThrow(PacketError);
    decoder.push(PING);
    expect(() => decoder.next()).toThrow(PacketError);
  });
});

describe("the guard of sizes", () => {
  test("takes what is as large as allowed, and not a byte more", () => {
    const packet = (size: number) => raw(0x30, text("t"), Buffer.alloc(size - 6));
    const decoder = open({ version: 4, maximumPacketSize: 200 });
    expect(errorOf(decoder, [packet(200)])).toBeUndefined();
    expect(errorOf(decoder, [packet(201)])).toMatchObject({ code: "packet-too-large", reasonCode: 0x95 });
  });

  test("is narrower until CONNECT was read", () => {
    const connect = (size: number) => rawConnect(4, 2, text("c".repeat(size - 15)));
    expect(errorOf(open({ maximumConnectSize: 300 }), [connect(300)])).toBeUndefined();
    expect(errorOf(open({ maximumConnectSize: 300 }), [connect(301)])).toMatchObject({
      code: "packet-too-large",
    });
  });

  test("needs the header alone, and keeps nothing", () => {
    const header = bytes(0x10, 0xff, 0xff, 0xff, 0x7f);
    const decoders = Array.from({ length: 5_000 }, () => open());
    const before = process.memoryUsage().arrayBuffers;
    for (const decoder of decoders) {
      expect((errorOf(decoder, [header]) as PacketError).code).toBe("packet-too-large");
      expect(decoder.heldBytes).toBe(0);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  test("an announced length below it costs what was received, not what was announced", () => {
    const decoder = open({ version: 4, maximumPacketSize: 50_000_000 });
    decoder.push(bytes(0x30, 0x80, 0x80, 0x80, 0x0a, 0, 1));
    expect(decoder.next()).toBeUndefined();
    expect(decoder.heldBytes).toBeLessThanOrEqual(256);
    decoder.push(Buffer.alloc(10_000, 0x61));
    expect(decoder.next()).toBeUndefined();
    expect(decoder.heldBytes).toBeLessThanOrEqual(2 * 10_002);
  });

  test("a packet in pieces of one byte is moved a few times, not once for each piece", () => {
    const size = 200_000;
    const decoder = open({ version: 4, maximumPacketSize: 2 * size });
    decoder.push(bytes(0x30, 0x80 | (size & 0x7f), 0x80 | ((size >> 7) & 0x7f), size >> 14));
    expect(decoder.next()).toBeUndefined();
    decoder.push(text("t"));
    const grown = new Set<number>();
    const piece = Buffer.from("x");
    for (let count = 3; count < size; count++) {
      if (decoder.next() !== undefined) throw new Error("too early");
      grown.add(decoder.heldBytes);
      decoder.push(piece);
    }
    expect(decoder.next()).toMatchObject({ type: "publish", topic: "t" });
    expect(grown.size).toBeLessThan(15);
    expect(decoder.heldBytes).toBe(0);
  });
});

describe("takes packets one by one", () => {
  test("and looks at nothing behind the one that was taken", () => {
    const decoder = open();
    decoder.push(Buffer.concat([CONNECT, PING, bytes(0xff)]));
    expect(decoder.version).toBeUndefined();
    expect(decoder.next()).toMatchObject({ type: "connect", version: 4 });
    expect(decoder.version).toBe(4);
    decoder.push(PING);
    expect(decoder.next()).toEqual({ type: "pingreq" });
    expect(() => decoder.next()).toThrow(PacketError);
  });

  test("from chunks that were pushed meanwhile, empty ones too", () => {
    const decoder = open();
    for (const chunk of cut(Buffer.concat([CONNECT, PING, PING]), [3, 0, 1])) decoder.push(chunk);
    expect(all(decoder).map(({ type }) => type)).toEqual(["connect", "pingreq", "pingreq"]);
  });

  test("whose payload is a view where the packet came in one piece", () => {
    const chunk = raw(0x30, text("t"), Buffer.from("payload"));
    const decoder = open({ version: 4 });
    decoder.push(chunk);
    const packet = decoder.next();
    if (packet?.type !== "publish") throw new Error(packet?.type);
    expect(packet.payload.buffer).toBe(chunk.buffer);
    expect(packet.payload.byteOffset).toBe(chunk.byteOffset + 5);
  });

  test("and needs a chunk no longer than until there are none", () => {
    const whole = Buffer.concat([
      rawConnect(
        5,
        0xc6,
        properties(0x15, text("m"), 0x16, text("a")),
        text("c"),
        0,
        text("w"),
        text("p"),
        text("u"),
        text("s"),
      ),
      raw(0x32, text("t"), 0, 7, properties(0x09, text("c")), Buffer.from("payload")),
    ]);
    const decoder = open();
    const packets: Packet[] = [];
    for (const chunk of cut(whole, [whole.length - 3])) {
      const reused = Buffer.from(chunk);
      decoder.push(reused);
      packets.push(...all(decoder));
      reused.fill(0xff);
    }
    expect(packets).toMatchObject([
      {
        will: { topic: "w", payload: Buffer.from("p") },
        password: Buffer.from("s"),
        properties: { authenticationData: Buffer.from("a") },
      },
      { payload: Buffer.from("payload"), properties: { correlationData: Buffer.from("c") } },
    ]);
  });
});

describe("reads what is seldom, and allowed", () => {
  test.each<[string, ProtocolVersion, Buffer, object]>([
    ["a byte order mark in a topic", 4, raw(0x30, text("\ufeffa")), { topic: "\ufeffa" }],
    ["letters beyond ASCII", 4, raw(0x30, text("nhiệt độ/😀")), { topic: "nhiệt độ/😀" }],
    ["a length with needless bytes in 3.1.1", 4, bytes(0xc0, 0x80, 0), { type: "pingreq" }],
    ["an empty topic with an alias", 5, raw(0x30, text(""), properties(0x23, 0, 1)), { topic: "" }],
    ["$share as a level like others in 3.1.1", 4, raw(0x82, 0, 1, text("$share/g"), 0), {}],
    ["PUBACK of four bytes in 5.0", 5, raw(0x40, 0, 1), { reasonCode: 0, properties: {} }],
    ["PUBACK of five bytes", 5, raw(0x40, 0, 1, 0x10), { reasonCode: 0x10, properties: {} }],
    ["PUBACK with an empty list of properties", 5, raw(0x40, 0, 1, 0, 0), { reasonCode: 0 }],
    ["DISCONNECT of two bytes in 5.0", 5, raw(0xe0), { reasonCode: 0, properties: {} }],
    ["DISCONNECT of three bytes", 5, raw(0xe0, 0x04), { reasonCode: 0x04, properties: {} }],
    [
      "user properties of one name, in their order",
      5,
      raw(0x30, text("a"), properties(0x26, text("k"), text("2"), 0x26, text("k"), text(""))),
      {
        properties: {
          userProperties: [
            ["k", "2"],
            ["k", ""],
          ],
        },
      },
    ],
    [
      "user properties with names of JavaScript",
      5,
      raw(0x30, text("a"), properties(0x26, text("__proto__"), text("constructor"))),
      { properties: { userProperties: [["__proto__", "constructor"]] } },
    ],
  ])("%s", (_, version, packet, expected) => {
    const decoder = open({ version });
    decoder.push(packet);
    expect(all(decoder)).toMatchObject([expected]);
  });

  test("success by a server in AUTH of two bytes", () => {
    const decoder = open({ version: 5, sender: "server" });
    decoder.push(raw(0xf0));
    expect(all(decoder)).toEqual([{ type: "auth", reasonCode: 0, properties: {} }]);
  });

  test("a password without a user name in 5.0, and an empty client id", () => {
    const decoder = open();
    decoder.push(rawConnect(5, 0x40, 0, text(""), text("token")));
    expect(all(decoder)).toMatchObject([
      { clientId: "", cleanStart: false, userName: undefined, password: Buffer.from("token") },
    ]);
  });
});
