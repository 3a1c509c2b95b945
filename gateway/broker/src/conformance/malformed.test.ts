import { describe, expect, test } from "vitest";
import { settled } from "../testing/house.ts";
import { Stage } from "../testing/stage.ts";
import { MALFORMED_CASES, type MalformedCase, malformedTitle } from "./malformed-cases.ts";

/** How the broker answers: DISCONNECT, or CONNACK when it was CONNECT; nothing where the client cannot read it. */
async function answerTo({
  bytes,
  first,
  version,
}: MalformedCase): Promise<{ heard: object[]; ended: boolean }> {
  const stage = new Stage(version);
  await stage.open();
  const client = first ? stage.dial() : await stage.connect("c");
  client.bytes(bytes);
  await settled();
  return { heard: client.drain(), ended: client.ended };
}

describe("the broker ends the connection, and tells clients of 5.0 why", () => {
  for (const each of MALFORMED_CASES) {
    test(malformedTitle(each), async () => {
      const { answer, reasonCode } = each;
      expect(await answerTo(each)).toMatchObject({
        heard: answer === undefined ? [] : [{ type: answer, reasonCode }],
        ended: true,
      });
    });
  }
});
