import { type Command, PRODUCT, Problem } from "@tram/protocol";
import { type Static, Type } from "typebox";
import { problemTitle } from "./problem-title.ts";
import { iso } from "./views.ts";

/** WoT Profile §6.2.2.1 "ActionStatus object": what became of an action. */
export const ActionStatus = Type.Object({
  status: Type.Enum(["pending", "running", "completed", "failed"]),
  href: Type.String({ description: "Where this is asked for again." }),
  timeRequested: Type.String({ format: "date-time" }),
  timeEnded: Type.Optional(Type.String({ format: "date-time" })),
  error: Type.Optional(Problem),
});
export type ActionStatus = Static<typeof ActionStatus>;

/** @param action its name at the Thing of the command. */
export function actionStatus(command: Command, action: string): ActionStatus {
  const { id, thing, submittedAt, endedAt } = command;
  const status = statusOf(command);
  return {
    status,
    href: `/api/v1/things/${thing}/actions/${action}/${id}`,
    timeRequested: iso(submittedAt),
    ...(endedAt === undefined ? {} : { timeEnded: iso(endedAt) }),
    ...(status === "failed" ? { error: failureOf(command) } : {}),
  };
}

/** An action reports nothing by itself: what was sent and has ended has been done, as far as anybody can tell. */
function statusOf({ endedAt, state }: Command): ActionStatus["status"] {
  switch (state) {
    case "accepted":
      return "pending";
    case "sent":
      return endedAt === undefined ? "running" : "completed";
    case "confirmed":
      return "completed";
    case "refused":
    case "failed":
    case "expired":
      return "failed";
  }
}

function failureOf({ code = "unknown-outcome", reason }: Command): Problem {
  const status = code === "timeout" ? 504 : 502;
  return {
    type: `urn:${PRODUCT.name}:problem:${code}`,
    title: problemTitle(status),
    status,
    code,
    ...(reason === undefined ? {} : { detail: reason }),
  };
}
