import { NO_REQUESTS } from "@tram/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Mapping } from "../mapping.ts";
import type { HeardMessage } from "./mqtt-dialect.ts";
import { JsonDialect } from "./mqtt-json.ts";

const mapping = new Mapping({ gateway: "gw" });
let ids = 0;
const dialect = new JsonDialect({ mapping, manages: true, newId: () => `made-${++ids}` });

function hear(topic: string, payload: string, more: Partial<HeardMessage> = {}) {
  return dialect.read(
    { topic, payload: Buffer.from(payload), retain: false, dup: false, ...more },
    NO_REQUESTS,
  );
}

const SET = "tram/gw/pump/motor/power/set";
const INVOKE = "tram/gw/pump/rinse/invoke";

describe("a command at a broker", () => {
  it.each<[string, string, string, object]>([
    ["a bare value", SET, "true", { target: { property: "motor/power" }, value: true }],
    ["a bare text", SET, "fast", { value: "fast" }],
    ["a value with an id", SET, '{"id":"r-1","value":3}', { id: "r-1", value: 3 }],
    [
      "a value with its time",
      SET,
      '{"id":"r-1","value":3,"time":"2026-01-05T13:00:00+07:00","ttl_s":30}',
      { givenAt: Date.UTC(2026, 0, 5, 6), expiresAt: Date.UTC(2026, 0, 5, 6, 0, 30) },
    ],
    ["how long it may wait", SET, '{"value":3,"ttl_s":5}', { ttlMs: 5_000 }],
    ["an object that is a value itself", SET, '{"h":1,"s":2}', { value: { h: 1, s: 2 } }],
    ["an object that has an id of its own", SET, '{"id":"x","h":1}', { value: { id: "x", h: 1 } }],
    [
      "an action",
      INVOKE,
      '{"id":"r-1","value":{"litres":3}}',
      { target: { action: "rinse" }, value: { litres: 3 } },
    ],
    ["an action without anything", INVOKE, "", { target: { action: "rinse" }, value: null }],
  ])("is %s", (_name, topic, payload, expected) => {
    const heard = hear(topic, payload);
    expect(heard).toMatchObject({ request: { kind: "command", thing: "pump", ...expected } });
    expect(heard?.place?.topic).toBe(`${topic.slice(0, topic.lastIndexOf("/"))}/command`);
  });

  it("gets an id of its own where it has none, and only there", () => {
    const [one, two, named] = [hear(SET, "true"), hear(SET, "true"), hear(SET, '{"id":"mine","value":true}')];
    const idOf = (heard: typeof one) =>
      heard !== undefined && "request" in heard ? heard.request.id : undefined;
    expect(idOf(one)).not.toBe(idOf(two));
    expect(idOf(named)).toBe("mine");
    // The `id` of a value is not that of the request: it would be carried out once for ever.
    expect(idOf(hear(SET, '{"id":"x","h":1}'))).toMatch(/^made-/);
  });

  it("is answered where MQTT 5 says, with what it says", () => {
    const correlationData = Buffer.from([1, 2, 255]);
    const heard = hear(SET, "true", { responseTopic: "answers/7", correlationData, expiryS: 9 });
    expect(heard?.place).toMatchObject({ topic: "answers/7", correlationData });
    if (heard === undefined || !("request" in heard) || heard.request.kind !== "command")
      throw new Error("none");
    expect(heard.request.ttlMs).toBe(9_000);
    // What is kept with the command leads the end of it there, too.
    const outgoing = dialect.encode({
      id: "gw-1",
      class: "reply",
      group: "pump",
      thing: "pump",
      name: "motor/power",
      time: 0,
      value: { command: "c", state: "confirmed" },
      quality: "good",
      ...(heard.request.context === undefined ? {} : { context: heard.request.context }),
    });
    expect(outgoing).toMatchObject({ topic: "answers/7", properties: { correlationData } });
  });

  it.each<[string, string, string, Partial<HeardMessage>, string]>([
    ["a retained one", SET, "true", { retain: true }, "retained"],
    ["a time without a zone", SET, '{"value":1,"time":"2026-01-05T06:00:00"}', {}, "malformed"],
    ["a time that is none", SET, '{"value":1,"time":"2026-13-45T99:00:00Z"}', {}, "malformed"],
    ["a life of no time", SET, '{"value":1,"ttl_s":0}', {}, "malformed"],
    ["an id with spaces", SET, '{"value":1,"id":"a b"}', {}, "malformed"],
    ["an id that is a number", SET, '{"value":1,"id":7}', {}, "malformed"],
    ["a response topic for many", SET, "true", { responseTopic: "a/#" }, "malformed"],
    ["a response topic of the broker itself", SET, "true", { responseTopic: "$SYS/x" }, "malformed"],
    ["endless correlation data", SET, "true", { correlationData: Buffer.alloc(300) }, "malformed"],
    ["a long value", SET, `"${"x".repeat(20_000)}"`, {}, "too-large"],
    // It may have been carried out before the connection broke: nobody knows.
    ["an action that came before, without an id", INVOKE, "1", { dup: true }, "malformed"],
  ])("is not %s", (_name, topic, payload, more, code) => {
    expect(hear(topic, payload, more)).toMatchObject({ turnedAway: { where: topic, code } });
  });

  it("that came before may be heard again where twice does no harm, or where it has an id", () => {
    expect(hear(SET, "true", { dup: true })).toHaveProperty("request");
    expect(hear(INVOKE, '{"id":"r","value":1}', { dup: true })).toHaveProperty("request");
  });

  it.each([
    "tram/gw/pump/motor/power",
    "tram/gw/pump/set",
    "tram/gw/a/b/c/d/set",
    "tram/gw/a/b/c/invoke",
    "other/set",
  ])("is nothing at %s", (topic) => expect(hear(topic, "true")).toBeUndefined());

  it("may hold anything", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(SET, INVOKE, "tram/gw/$manage"),
        (bytes, topic) => {
          const heard = dialect.read(
            { topic, payload: Buffer.from(bytes), retain: false, dup: false },
            NO_REQUESTS,
          );
          expect(heard).toBeDefined();
        },
      ),
    );
  });
});

describe("the management of a gateway at a broker", () => {
  it("is heard at one topic", () => {
    expect(
      hear("tram/gw/$manage", '{"id":"m","what":"rules","operation":"put","name":"a.yaml","text":"[]"}'),
    ).toEqual({
      request: { kind: "manage", id: "m", what: "rules", operation: "put", name: "a.yaml", text: "[]" },
      place: { request: "m", topic: "tram/gw/$manage/command" },
    });
    const put = { id: "m", what: "config", operation: "put", text: "log: {}", revision: "r" };
    expect(hear("tram/gw/$manage", JSON.stringify(put))).toMatchObject({
      request: { kind: "manage", ...put },
    });
  });

  it.each([
    "true",
    '{"id":"m"}',
    '{"id":"m","what":"users","operation":"get"}',
    '{"what":"rules","operation":"get"}',
    '{"id":"m","what":"config","operation":"put","text":5}',
    '{"id":"m","what":"config","operation":"put","text":"","revision":5}',
  ])("is not %s", (payload) =>
    expect(hear("tram/gw/$manage", payload)).toMatchObject({ turnedAway: { code: "malformed" } }),
  );
});

it("an answer has an id that is the same when it is given twice", () => {
  const place = { request: "r", topic: "t/command" };
  const give = () => dialect.answer(place, { state: "refused", code: "expired", reason: "late" }, 0);
  expect(give()).toEqual(give());
  expect(JSON.parse(String(give().payload))).toEqual({
    id: "r:expired",
    time: "1970-01-01T00:00:00.000Z",
    request: "r",
    state: "refused",
    code: "expired",
    reason: "late",
  });
});
