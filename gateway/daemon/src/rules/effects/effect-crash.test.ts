import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RuleRoom } from "../testing/rule-room.ts";
import { EFFECTS } from "./effect-row.ts";

const arrived: string[] = [];
const server = createServer((request, response) => {
  arrived.push(request.url ?? "");
  response.end("yes");
});
let port = 0;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
});

const rule = (action: string): string => `
- id: acts
  triggers: [{ mqtt: { topic: go } }]
  actions:
    - ${action}
    - { publish: after, payload: "\${1 + 1}" }
`;

function room(action: string): RuleRoom {
  const at = `http://127.0.0.1:${port}`;
  return new RuleRoom({
    rules: rule(action.replace("AT", at)),
    ways: { httpHosts: [`127.0.0.1:${port}`], webhooks: [{ id: "pager", url: `${at}/page`, headers: {} }] },
  });
}

/** What was done, by all lives, of the action itself. */
function done({ published, sent }: RuleRoom): number {
  return arrived.length + sent.length + published.filter(({ topic }) => topic === "own").length;
}

async function until(what: () => boolean): Promise<void> {
  await expect.poll(what).toBe(true);
}

describe("the process ends between the commit and the sending", () => {
  test.each([
    ["a property write", "{ set: modem/radio/on, value: true }", 1],
    ["an action", "{ invoke: modem/reset }", 0],
    ["an action with retry", "{ invoke: modem/reset, retry: true }", 1],
    ["a publication", "{ publish: own, payload: x }", 0],
    ["a publication with retry", "{ publish: own, payload: x, retry: true }", 1],
    ["a request", "{ http: AT/x }", 0],
    ["a request with retry", "{ http: AT/x, retry: true }", 1],
    ["a notification", '{ notify: x, to: ["webhook:pager"] }', 0],
    ["a notification with retry", '{ notify: x, to: ["webhook:pager"], retry: true }', 1],
    ["an alarm", '{ notify: x, level: alarm, to: ["webhook:pager"] }', 1],
    ["an SMS", '{ notify: x, to: ["sms:0901234567"] }', 0],
    ["an alarm by SMS", '{ notify: x, level: alarm, to: ["sms:0901234567"] }', 1],
  ] as const)("%s is done so often: %s → %i", async (_name, action, times) => {
    arrived.length = 0;
    using house = await room(action).start();
    house.dieBeforeSending();
    await house.message("go");
    expect([done(house), house.published.length]).toEqual([0, 0]);
    house.end();

    await house.start();
    if (times === 0) {
      const told = house.traces("acts").filter(({ detail = "" }) => detail.startsWith("unknown: "));
      expect(told.some(({ effect }) => effect === "acts-1.1")).toBe(true);
    } else await until(() => done(house) === times);
    await until(() => house.clock.pending >= 0 && done(house) === times);
    await house.report("radio/on" as never, true);
    await expect.poll(() => house.rows(EFFECTS)).toBe(0);
    house.end();

    // What was settled is not taken up again by the next life.
    await house.start();
    expect(done(house)).toBe(times);
  });

  test("what waits for an outcome that nobody knows goes on with it", async () => {
    using house = await room('{ http: "AT/x", timeout: 5m, response: answer }').start();
    house.write(`
- id: acts
  triggers: [{ mqtt: { topic: go } }]
  actions:
    - { http: "http://127.0.0.1:${port}/x", timeout: 5m, response: answer }
    - { publish: told, payload: "\${result.state} \${answer.ok}" }
`);
    house.rules.reload();
    await house.clock.advance(0);
    house.dieBeforeSending();
    await house.message("go");
    house.end();
    await house.start();
    expect(house.published.map(({ payload }) => Buffer.from(payload).toString())).toEqual(["unknown false"]);
    expect(await house.rows(EFFECTS)).toBe(0);
  });

  test("a command whose end was kept is not waited for again", async () => {
    using house = await room("{ set: modem/radio/on, value: true, confirm: 5m }").start();
    await house.message("go");
    expect(house.sent).toHaveLength(1);
    house.dieBeforeSending();
    void house.report("radio/on" as never, true);
    await house.clock.advance(0);
    house.end();
    await house.start();
    // The end of the command and the step of the run are one commit.
    expect(house.rules.get("acts")?.running).toBe(0);
    expect(house.sent).toHaveLength(1);
  });
});
