import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readNotice } from "./notices.ts";

const notice = (more: object): Buffer =>
  Buffer.from(
    JSON.stringify({
      Request: "publish",
      Topic: "iot-2/x",
      Type: "thing",
      Id: "farm_pump",
      RC: "403",
      ...more,
    }),
  );

describe("a notification of the cloud", () => {
  it.each([
    ["Topic does not match with any allowed topic rules.", /does not allow this topic/],
    ["Device type is not valid.", /device type thing: create it/],
    ["Device ID is not valid.", /device id farm_pump: create it in the device type thing/],
    ["Maximum number of devices per gateway has been reached.", /no more devices of this gateway/],
    ["Maximum number of devices per organization is reached.", /organisation has as many/],
    ["Failed to create device because of internal errors.", /could not register the device farm_pump/],
    ["The device is not registered", /put it into the gateway's resource group/],
    ["Something new", /thrown it away: Something new \(403\)/],
    [undefined, /without a reason/],
  ])("that says %s", (Message, words) => {
    expect(readNotice(notice({ Message }))?.reason).toMatch(words);
  });

  it("is bounded, and is none where it is something else", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, text) => {
        const read = readNotice(
          Buffer.from(
            JSON.stringify({ Request: "publish", Type: text, Id: value, Message: value, Topic: text }),
          ),
        );
        expect((read?.reason ?? "").length).toBeLessThan(1_000);
        expect(read?.reason ?? "").not.toMatch(/\p{Cc}/u);
      }),
    );
    for (const other of ["{", "[]", '"x"', '{"Request":"dance"}']) {
      expect(readNotice(Buffer.from(other))).toBeUndefined();
    }
  });
});
