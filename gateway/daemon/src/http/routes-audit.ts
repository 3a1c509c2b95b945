import { AuditView } from "@tram/protocol";
import { Type } from "typebox";
import type { AuditLog } from "../audit/audit-log.ts";
import { AUDIT_MOST } from "../audit/audit-log.ts";
import { problem, type Route } from "./route.ts";

const DEFAULT_LIMIT = 100;

/** What was done and who did it; who was let in, who was turned away, and who decided so. */
export function auditRoutes(audit: Pick<AuditLog, "read">): readonly Route[] {
  return [
    {
      method: "get",
      path: "/api/v1/audit",
      operationId: "readAudit",
      summary: "Sign-ons, grants, denials, commands and changes, the newest first",
      tag: "Access",
      scope: "admin",
      query: {
        limit: `How many, 1 to ${AUDIT_MOST} (default ${DEFAULT_LIMIT}).`,
        action: "Only this one: `command`, `signed-in`, `rule-edited`, …",
        by: "Only what this one did.",
        since: "Only from this time on (ISO 8601).",
      },
      answer: {
        status: 200,
        description: "The entries.",
        schema: Type.Object({ entries: Type.Array(AuditView) }),
      },
      problems: { 400: "`limit` is no such number, or `since` no time." },
      handle: async ({ query }) => {
        const limit = query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit);
        if (!Number.isInteger(limit) || limit < 1 || limit > AUDIT_MOST) {
          return problem(400, "bad-limit", `limit: expected 1 to ${AUDIT_MOST}, found ${query.limit ?? ""}`);
        }
        const { action, by } = query;
        const since = query.since === undefined ? undefined : Date.parse(query.since);
        if (Number.isNaN(since)) {
          return problem(400, "bad-time", `since: expected a time (ISO 8601), found ${query.since ?? ""}`);
        }
        return { status: 200, body: { entries: await audit.read(limit, { action, by, since }) } };
      },
    },
  ];
}
