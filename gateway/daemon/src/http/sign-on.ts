import type { IncomingMessage } from "node:http";
import type { AccountAudit } from "../audit/account-audit.ts";
import { type People, VISIT_MS } from "../people/people.ts";
import { readText } from "./read-body.ts";
import { type Reply, textReply } from "./reply.ts";
import { sessionCookie } from "./routes-account.ts";

/** A form with a ticket is shorter. In bytes. */
const FORM_LIMIT = 1_024;

/**
 * The door for who is signed in elsewhere on this machine: LuCI sends its page's form here, and the browser goes on
 * into the web UI. Another site may send such a form too; without a ticket it opens nothing.
 */
export async function signOn(request: IncomingMessage, people: People, audit: AccountAudit): Promise<Reply> {
  const type = request.headers["content-type"] ?? "";
  const text = await readText(request, FORM_LIMIT);
  if (text === undefined || !type.startsWith("application/x-www-form-urlencoded")) {
    return textReply(400, "Expected a form with a ticket.\n");
  }
  const visitor = people.tickets.redeem(new URLSearchParams(text).get("ticket") ?? "");
  if (visitor === undefined) {
    return textReply(401, "This ticket has been used or has expired. Go back and open the page again.\n");
  }
  const address = request.socket.remoteAddress ?? "";
  audit.done("signed-in", { subject: visitor.name, by: visitor.name, address, detail: "with a ticket" });
  const { session, lasting } = await people.visit(visitor);
  const cookie = sessionCookie(session, lasting ? VISIT_MS : undefined);
  return { status: 303, headers: { Location: "/", "Set-Cookie": cookie } };
}
