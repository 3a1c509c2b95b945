import type { Bridge, ParkedMessage } from "@tram/cloud-bridge";
import { expect, test } from "vitest";
import type { AuditEntry } from "../audit/audit-log.ts";
import type { RouteReply, RouteRequest } from "./route.ts";
import { bridgeRoutes } from "./routes-bridge.ts";

/** A bridge with so many parked messages; the one numbered 5 cannot be read, and so not be sent. */
function bridgeWith(count: number): { readonly bridge: Bridge; readonly left: Map<number, ParkedMessage> } {
  const left = new Map<number, ParkedMessage>();
  for (let seq = 1; seq <= count; seq++) {
    const message = {
      id: `m-${seq}`,
      class: "telemetry",
      group: "pump",
      thing: "pump",
      name: "motor/power",
      time: 1_000 * seq,
      value: seq,
      quality: "good",
    } as const;
    left.set(seq, { seq, reason: "too large", parkedAt: 5_000, ...(seq === 5 ? {} : { message }) });
  }
  const parked: Bridge["parked"] = {
    list: async ({ after, limit }) => [...left.values()].filter(({ seq }) => seq > after).slice(0, limit),
    sendAgain: async (seq) => left.get(seq)?.message !== undefined && left.delete(seq),
    discard: async (seq) => left.delete(seq),
  };
  return { bridge: { id: "up", parked, status: () => ({ id: "up" }) } as unknown as Bridge, left };
}

interface Call {
  readonly id?: string;
  readonly query?: Record<string, string>;
  readonly body?: object;
}

function desk(count: number, instead?: Bridge) {
  const { bridge, left } = bridgeWith(count);
  const audited: AuditEntry[] = [];
  const routes = bridgeRoutes([instead ?? bridge], (entry) => audited.push(entry));
  const call = async (
    operation: string,
    { body = {}, id = "up", query = {} }: Call = {},
  ): Promise<RouteReply> => {
    const route = routes.find(({ operationId }) => operationId === operation);
    const request = { params: { id }, query, body, address: "10.0.0.2", principal: { name: "api:minh" } };
    return (await route?.handle(request as unknown as RouteRequest)) as RouteReply;
  };
  return { call, left, audited };
}

const bodyOf = (reply: RouteReply): unknown => ("body" in reply ? reply.body : reply);

test("parked messages come in pages, those that nobody can read with their reason alone", async () => {
  const { call } = desk(250);
  const first = bodyOf(await call("listParked")) as {
    parked: { seq: number; message?: object }[];
    next?: number;
  };
  expect(first.parked).toHaveLength(100);
  expect(first.parked[0]).toEqual({
    seq: 1,
    reason: "too large",
    parkedAt: "1970-01-01T00:00:05.000Z",
    message: {
      id: "m-1",
      class: "telemetry",
      thing: "pump",
      name: "motor/power",
      time: "1970-01-01T00:00:01.000Z",
      value: 1,
    },
  });
  expect(first.parked[4]).not.toHaveProperty("message");
  expect(first.next).toBe(100);
  const last = bodyOf(await call("listParked", { query: { after: "200" } })) as typeof first;
  expect(last.parked.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => 201 + index));
  expect(last).not.toHaveProperty("next");
});

test.each([
  [{ limit: "0" }, "bad-limit"],
  [{ limit: "1001" }, "bad-limit"],
  [{ limit: "ten" }, "bad-limit"],
  [{ after: "-1" }, "bad-after"],
  [{ after: "1e99" }, "bad-after"],
])("%j is refused", async (query, code) => {
  expect(await desk(1).call("listParked", { query: query as Record<string, string> })).toMatchObject({
    problem: { status: 400, code },
  });
});

test("all are sent again once, also where the cloud refuses each of them anew", async () => {
  const { bridge, left } = bridgeWith(1_000);
  let last = 1_000;
  const parked: Bridge["parked"] = {
    ...bridge.parked,
    sendAgain: async (seq) => {
      const one = left.get(seq);
      if (one === undefined || last >= 9_000) return false;
      left.delete(seq);
      left.set(++last, { ...one, seq: last });
      return true;
    },
  };
  const { call } = desk(0, { ...bridge, parked });
  expect(bodyOf(await call("resendParked"))).toEqual({ count: 1_000 });
  expect(left.size).toBe(1_000);
});

test("those that are named are dealt with, or all of them, and it is audited how many it was", async () => {
  const { audited, call, left } = desk(2_500);
  expect(bodyOf(await call("resendParked", { body: { seqs: [1, 5, 9_999] } }))).toEqual({ count: 1 });
  expect(bodyOf(await call("discardParked", { body: { seqs: [2] } }))).toEqual({ count: 1 });
  expect(bodyOf(await call("resendParked"))).toEqual({ count: 2_497 });
  expect([...left.keys()]).toEqual([5]);
  expect(bodyOf(await call("discardParked"))).toEqual({ count: 1 });
  const who = { subject: "up", by: "api:minh", address: "10.0.0.2" };
  expect(audited).toEqual([
    { ...who, action: "parked-resent", detail: "1" },
    { ...who, action: "parked-discarded", detail: "1" },
    { ...who, action: "parked-resent", detail: "2497" },
    { ...who, action: "parked-discarded", detail: "1" },
  ]);
});

test("a bridge that is not there is not found, whatever is asked of it", async () => {
  const { audited, call } = desk(1);
  for (const operation of ["getBridge", "listParked", "resendParked", "discardParked"]) {
    expect(await call(operation, { id: "down" })).toMatchObject({
      problem: { status: 404, code: "unknown-bridge" },
    });
  }
  expect(bodyOf(await call("getBridge"))).toEqual({ id: "up" });
  expect(audited).toEqual([]);
});
