import type { CloudAnswer } from "@tram/core";
import { describe, expect, it } from "vitest";
import { Firmware } from "./firmware.ts";

const IMAGE = { version: "2", uri: "https://example.com/2.img" };
const ACCEPTED: CloudAnswer = { outcome: "accepted" };

function described(): Firmware {
  const firmware = new Firmware();
  expect(firmware.describe(IMAGE, "one")).toEqual({ rc: 204 });
  return firmware;
}

const context = { via: "firmware", id: "firmware:one" };

describe("firmware of the gateway", () => {
  it("goes step by step", () => {
    const firmware = described();
    expect(firmware.initiate("update")).toMatchObject({ response: { rc: 400 } });
    expect(firmware.initiate("download")).toMatchObject({
      ask: { version: "2", id: "firmware:one", context },
    });
    expect(firmware.initiate("download")).toMatchObject({ response: { rc: 400 } });
    expect(firmware.answered(ACCEPTED)).toEqual({ rc: 202 });
    expect(firmware.status).toEqual({ state: 1, updateStatus: 0 });
    expect(firmware.describe(IMAGE, "two")).toMatchObject({ rc: 400 });
    expect(firmware.ended({ via: "firmware", id: "firmware:other" }, { state: "done" })).toBe(false);
    expect(firmware.ended(context, { state: "done" })).toBe(true);
    expect(firmware.status).toEqual({ state: 2, updateStatus: 0 });
    expect(firmware.initiate("download")).toMatchObject({ response: { rc: 400 } });
    expect(firmware.initiate("update")).toHaveProperty("ask");
    expect(firmware.answered(ACCEPTED)).toEqual({ rc: 202 });
    expect(firmware.status).toEqual({ state: 2, updateStatus: 1 });
    expect(firmware.ended(context, { state: "done" })).toBe(true);
    expect(firmware.status).toEqual({ state: 0, updateStatus: 0 });
    expect(firmware.initiate("update")).toMatchObject({ response: { rc: 400 } });
  });

  it.each([
    [{ state: "failed" }, 3],
    [{ state: "failed", code: "malformed" }, 6],
    [{ state: "failed", code: "mismatch" }, 4],
    [null, 3],
  ])("that ends with %j has status %i, and may be tried again", (result, updateStatus) => {
    const firmware = described();
    firmware.initiate("download");
    firmware.answered(ACCEPTED);
    expect(firmware.ended(context, result)).toBe(true);
    expect(firmware.status).toEqual({ state: 0, updateStatus });
    expect(firmware.initiate("download")).toHaveProperty("ask");
  });

  it.each([
    null,
    "x",
    {},
    { ...IMAGE, uri: "http://example.com" },
    { ...IMAGE, uri: "https://" },
    { ...IMAGE, uri: `https://example.com/${"x".repeat(5_000)}` },
    { ...IMAGE, version: "x".repeat(300) },
    { ...IMAGE, verifier: "md5" },
    { ...IMAGE, verifier: 7 },
  ])("is not described by %j", (value) => {
    expect(new Firmware().describe(value, "one")).toMatchObject({ rc: 400 });
  });
});
