import { AuditView } from "@tram/protocol";
import { Type } from "typebox";
import type { AuditLog } from "../audit/audit-log.ts";
import { AUDIT_ROWS } from "../audit/audit-log.ts";
import { problem, type Route } from "./route.ts";

const DEFAULT_LIMIT = 100;

/** Who was let in, who was turned away, and who decided so. */
export function auditRoutes(audit: Pick<AuditLog, "read">): readonly Route[] {
  return [
    {
      method: "get",
      path: "/api/v1/audit",
      operationId: "readAudit",
      summary: "Grants, denials and revocations, the newest first",
      tag: "Access",
      scope: "admin",
      query: { limit: `How many, 1 to ${AUDIT_ROWS} (default ${DEFAULT_LIMIT}).` },
      answer: {
        status: 200,
        description: "The entries.",
        schema: Type.Object({ entries: Type.Array(AuditView) }),
      },
      problems: { 400: "`limit` is no such number." },
      handle: async ({ query }) => {
        const limit = query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit);
        if (!Number.isInteger(limit) || limit < 1 || limit > AUDIT_ROWS) {
          return problem(400, "bad-limit", `limit: expected 1 to ${AUDIT_ROWS}, found ${query.limit ?? ""}`);
        }
        return { status: 200, body: { entries: await audit.read(limit) } };
      },
    },
  ];
}
