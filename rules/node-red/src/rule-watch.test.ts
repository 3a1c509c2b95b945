import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Gateway, readSettings } from "./gateway.ts";
import type { Change } from "./live-message.ts";
import { RuleWatch } from "./rule-watch.ts";
import { ManualTimers } from "./testing/manual-timers.ts";
import { until } from "./testing/until.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A gateway that answers for one rule; the live socket is the test's. */
async function houseWith(answer: () => { status: number; traces: unknown } | undefined) {
  const http = createServer((_request, response) => {
    const said = answer();
    if (said === undefined) response.destroy();
    else {
      response.writeHead(said.status, { "content-type": "application/json" });
      response.end(JSON.stringify({ traces: said.traces }));
    }
  });
  server = http;
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  const read = readSettings({ address, token: "t".repeat(43), ca: "" });
  if (!read.ok) throw new Error(read.problem);
  const timers = new ManualTimers();
  const gateway = new Gateway({ ...read.settings, timers, onEdge: () => undefined, onOdd: () => undefined });
  const told: unknown[] = [];
  const watch = new RuleWatch(gateway, "hot", ({ trace }) => told.push(trace.outcome));
  watch.hear({ kind: "snapshot" });
  const hear = (outcome: string, id = "hot"): void => {
    const change: Change = { kind: "rule", rule: { id, lastTrace: trace(outcome) } };
    gateway.mirror.take(change);
    watch.hear({ kind: "change", change });
  };
  return { hear, timers, told, watch };
}

let time = 0;
const trace = (outcome: string) => ({ time: time++, outcome });

test("a question that got no answer is asked again: no firing is lost with it", async () => {
  let asked = 0;
  const traces = [trace("finished"), trace("fired")];
  const { hear, timers, told, watch } = await houseWith(() => {
    asked++;
    if (asked === 1) return undefined;
    return asked === 2 ? { status: 503, traces: [] } : { status: 200, traces };
  });
  hear("finished");
  for (const attempt of [1, 2, 3]) {
    await until(() => asked === attempt && timers.pending === 1);
    timers.advance(1_000);
  }
  await until(() => told.length > 0);
  expect(told).toEqual(["fired", "finished"]);
  watch[Symbol.dispose]();
  expect(timers.pending).toBe(0);
});

test.each([
  ["a list that is refused", 403, []],
  ["garbage", 200, "nothing of the kind"],
])("%s: what is known is told once, and nobody asks without end", async (_what, status, traces) => {
  let asked = 0;
  const { hear, timers, told, watch } = await houseWith(() => {
    asked++;
    return { status, traces };
  });
  hear("fired", "another");
  hear("fired");
  await until(() => asked === 1 && timers.pending === 1);
  timers.advance(60_000);
  expect(asked).toBe(1);
  expect(told).toEqual(status === 403 ? ["fired"] : []);
  watch[Symbol.dispose]();
});
