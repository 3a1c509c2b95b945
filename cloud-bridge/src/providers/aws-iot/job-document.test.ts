import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJobDocument } from "./job-document.ts";

const context = { via: "job", job: "j", execution: 1 };
const read = (document: unknown) => readJobDocument(document, "job:j:1", context);

describe("the document of a job", () => {
  it("becomes a command to a property or an action", () => {
    const base = { tram: 1, operation: "command", thing: "pump", value: true };
    expect(read({ ...base, property: "motor/power", expires_at: "2026-01-05T06:00:00Z" })).toEqual({
      request: {
        kind: "command",
        id: "job:j:1",
        thing: "pump",
        target: { property: "motor/power" },
        value: true,
        expiresAt: Date.UTC(2026, 0, 5, 6),
        context,
      },
    });
    expect(read({ ...base, action: "flush", value: null })).toMatchObject({
      request: { target: { action: "flush" }, value: null },
    });
  });

  it("becomes an image, or a change of the rules", () => {
    const image = { tram: 1, operation: "firmware", version: "1.2.3", url: "https://bucket/x?sig=1" };
    expect(read({ ...image, sha256: "A".repeat(64) })).toEqual({
      request: {
        kind: "firmware",
        id: "job:j:1",
        version: "1.2.3",
        url: "https://bucket/x?sig=1",
        sha256: "a".repeat(64),
        context,
      },
    });
    expect(read({ tram: 1, operation: "rules", action: "put", name: "heat.yaml", text: "- {}" })).toEqual({
      request: {
        kind: "manage",
        id: "job:j:1",
        what: "rules",
        operation: "put",
        name: "heat.yaml",
        text: "- {}",
      },
    });
    expect(read({ tram: 1, operation: "config", action: "get" })).toMatchObject({
      request: { what: "config" },
    });
    const put = { tram: 1, operation: "config", action: "put", text: "log: {}", revision: "r" };
    expect(read(put)).toMatchObject({ request: { operation: "put", text: "log: {}", revision: "r" } });
  });

  it.each([
    ["nothing", undefined, /expected an object with "tram": 1/],
    ["another cloud's job", { operation: "mirror" }, /operation: expected one of command, firmware/],
    [
      "another version",
      { tram: 2, operation: "command", thing: "pump", property: "a/b", value: 1 },
      /tram: expected one of 1/,
    ],
    ["no target", { tram: 1, operation: "command", thing: "pump", value: 1 }, /either property or action/],
    [
      "two targets",
      { tram: 1, operation: "command", thing: "pump", property: "a/b", action: "c", value: 1 },
      /either property/,
    ],
    ["no value", { tram: 1, operation: "command", thing: "pump", property: "a/b" }, /value: is missing/],
    [
      "a wrong Thing",
      { tram: 1, operation: "command", thing: "Pump!", property: "a/b", value: 1 },
      /thing: expected text/,
    ],
    [
      "a word too many",
      { tram: 1, operation: "command", thing: "pump", property: "a/b", value: 1, sudo: 1 },
      /sudo: unknown key/,
    ],
    [
      "no date",
      {
        tram: 1,
        operation: "command",
        thing: "pump",
        property: "a/b",
        value: 1,
        expires_at: "2026-99-99T00:00:00Z",
      },
      /expires_at/,
    ],
    [
      "plain text transport",
      { tram: 1, operation: "firmware", version: "1", url: "http://x" },
      /url: expected text/,
    ],
    ["no text", { tram: 1, operation: "rules", action: "put", name: "a.yaml" }, /text: is missing/],
    ["an inherited operation", { tram: 1, operation: "constructor" }, /operation: expected one of/],
  ])("that has %s is malformed, and says where", (_name, document, problem) => {
    const result = read(document);
    expect("malformed" in result && result.malformed).toMatch(problem);
  });

  it("of any kind never throws, and what it says is short", () => {
    const operation = fc.constantFrom("command", "firmware", "rules", "config", "x");
    const any = fc.oneof(fc.anything(), fc.record({ tram: fc.constant(1), operation, rest: fc.json() }));
    fc.assert(
      fc.property(any, (document) => {
        const result = read(document);
        if ("malformed" in result) expect(result.malformed.length).toBeLessThan(2_000);
      }),
    );
  });
});
