import type { Context } from "hono";
import { type People, VISIT_MS } from "../people/people.ts";
import { sessionCookie } from "./routes-account.ts";

/** A form with a ticket is shorter. In bytes. */
const FORM_LIMIT = 1_024;

/**
 * The door for who is signed in elsewhere on this machine: LuCI sends its page's form here, and the browser goes on
 * into the web UI. Another site may send such a form too; without a ticket it opens nothing.
 */
export async function signOn(context: Context, people: People): Promise<Response> {
  const length = Number(context.req.header("content-length") ?? Number.NaN);
  const type = context.req.header("content-type") ?? "";
  if (!(length <= FORM_LIMIT) || !type.startsWith("application/x-www-form-urlencoded")) {
    return context.text("Expected a form with a ticket.\n", 400);
  }
  const ticket = new URLSearchParams(await context.req.text()).get("ticket") ?? "";
  const visitor = people.tickets.redeem(ticket);
  if (visitor === undefined) {
    return context.text("This ticket has been used or has expired. Go back and open the page again.\n", 401);
  }
  const session = await people.visit(visitor);
  return context.body(null, 303, { Location: "/", "Set-Cookie": sessionCookie(session, VISIT_MS) });
}
