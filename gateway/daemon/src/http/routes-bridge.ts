import type { Bridge, ParkedDesk, ParkedMessage } from "@tram/cloud-bridge";
import { BridgeView, ParkedChoice, ParkedCount, ParkedPageView, type ParkedView } from "@tram/protocol";
import { Type } from "typebox";
import type { Audit, AuditAction } from "../audit/audit-log.ts";
import { problem, type Route, type RouteReply, type RouteRequest } from "./route.ts";
import { iso } from "./views.ts";

const ID = { id: "Id of the bridge." };
const UNKNOWN = { 404: "No such bridge." };
/** Parked messages of one answer. */
const PAGE = { usual: 100, most: 1_000 };

/** The bridges to clouds, and what their clouds will not take. */
export function bridgeRoutes(bridges: readonly Bridge[], audit: Audit): readonly Route[] {
  const withBridge = (
    request: RouteRequest,
    answer: (bridge: Bridge) => Promise<RouteReply> | RouteReply,
  ): Promise<RouteReply> | RouteReply => {
    const { id = "" } = request.params;
    const bridge = bridges.find((each) => each.id === id);
    return bridge === undefined
      ? problem(404, "unknown-bridge", `There is no bridge ${id}.`)
      : answer(bridge);
  };
  /** Something is done with parked messages, and audited. */
  const deed =
    (action: AuditAction, act: (desk: ParkedDesk, seq: number) => Promise<boolean>) =>
    (request: RouteRequest): Promise<RouteReply> | RouteReply =>
      withBridge(request, async (bridge) => {
        const { seqs } = request.body as ParkedChoice;
        const count = await withEach(bridge.parked, seqs, (seq) => act(bridge.parked, seq));
        const { address, principal } = request;
        audit({ action, subject: bridge.id, by: principal?.name ?? "nobody", address, detail: `${count}` });
        return { status: 200, body: { count } };
      });
  return [
    {
      method: "get",
      path: "/api/v1/bridge",
      operationId: "getBridges",
      summary: "Cloud bridges: link, queue, drops, bytes and the last error",
      tag: "Cloud",
      scope: "read",
      answer: {
        status: 200,
        description: "The bridges.",
        schema: Type.Object({ bridges: Type.Array(BridgeView) }),
      },
      handle: () => ({ status: 200, body: { bridges: bridges.map((bridge) => bridge.status()) } }),
    },
    {
      method: "get",
      path: "/api/v1/bridge/{id}",
      operationId: "getBridge",
      summary: "One cloud bridge",
      tag: "Cloud",
      scope: "read",
      params: ID,
      answer: { status: 200, description: "The bridge.", schema: BridgeView },
      problems: UNKNOWN,
      handle: (request) => withBridge(request, (bridge) => ({ status: 200, body: bridge.status() })),
    },
    {
      method: "get",
      path: "/api/v1/bridge/{id}/parked",
      operationId: "listParked",
      summary: "Messages that the cloud will never take, with the reason, the oldest first",
      tag: "Cloud",
      scope: "read",
      params: ID,
      query: {
        after: "Only those behind this `seq`.",
        limit: `At most so many; default ${PAGE.usual}, at most ${PAGE.most}.`,
      },
      answer: { status: 200, description: "A page of them.", schema: ParkedPageView },
      problems: { 400: "A parameter is no whole number.", ...UNKNOWN },
      handle: (request) =>
        withBridge(request, async (bridge) => {
          const after = Number(request.query.after ?? 0);
          const limit = Number(request.query.limit ?? PAGE.usual);
          if (!Number.isSafeInteger(after) || after < 0) {
            return problem(400, "bad-after", `after: expected a whole number, found ${request.query.after}`);
          }
          if (!Number.isInteger(limit) || limit < 1 || limit > PAGE.most) {
            const found = request.query.limit;
            return problem(400, "bad-limit", `limit: expected 1 to ${PAGE.most}, found ${found}`);
          }
          const found = await bridge.parked.list({ after, limit });
          const next = found.length < limit ? undefined : found.at(-1)?.seq;
          return {
            status: 200,
            body: { parked: found.map(parkedView), ...(next === undefined ? {} : { next }) },
          };
        }),
    },
    {
      method: "post",
      path: "/api/v1/bridge/{id}/parked/resend",
      operationId: "resendParked",
      summary: "Queue parked messages anew, behind what is queued",
      tag: "Cloud",
      scope: "admin",
      params: ID,
      body: ParkedChoice,
      answer: { status: 200, description: "How many were queued.", schema: ParkedCount },
      problems: UNKNOWN,
      handle: deed("parked-resent", (desk, seq) => desk.sendAgain(seq)),
    },
    {
      method: "post",
      path: "/api/v1/bridge/{id}/parked/discard",
      operationId: "discardParked",
      summary: "Give parked messages up, for ever",
      tag: "Cloud",
      scope: "admin",
      params: ID,
      body: ParkedChoice,
      answer: { status: 200, description: "How many were given up.", schema: ParkedCount },
      problems: UNKNOWN,
      handle: deed("parked-discarded", (desk, seq) => desk.discard(seq)),
    },
  ];
}

/** @param seqs left out: all of them. @returns how many it was done with. */
async function withEach(
  { list }: ParkedDesk,
  seqs: readonly number[] | undefined,
  act: (seq: number) => Promise<boolean>,
): Promise<number> {
  let count = 0;
  for (const seq of seqs ?? (await allOf(list))) if (await act(seq)) count++;
  return count;
}

/** All that is parked now: what a cloud refuses once more comes behind, and would be sent again for ever. */
async function allOf(list: ParkedDesk["list"]): Promise<readonly number[]> {
  const all: number[] = [];
  for (let after = 0; ; ) {
    const page = await list({ after, limit: PAGE.most });
    const last = page.at(-1);
    if (last === undefined) return all;
    for (const { seq } of page) all.push(seq);
    after = last.seq;
  }
}

function parkedView({ message, parkedAt, reason, seq }: ParkedMessage): ParkedView {
  const told = { seq, reason, parkedAt: iso(parkedAt) };
  if (message === undefined) return told;
  const { class: messageClass, id, name, thing, time, value } = message;
  return { ...told, message: { id, class: messageClass, thing, name, time: iso(time), value } };
}
