import { Type } from "typebox";
import type { WebhookDoor } from "../rules/webhook-door.ts";
import { problem, type Route } from "./route.ts";

/** Largest body. In bytes. */
const BODY_LIMIT = 65_536;

/** Lets others tell the rules something: whoever knows the id of a webhook may. */
export function webhookRoutes(door: Pick<WebhookDoor, "call">): readonly Route[] {
  return [
    {
      method: "post",
      path: "/api/v1/webhooks/{id}",
      operationId: "callWebhook",
      summary: "Fire the rules with the trigger `webhook: <id>`. The id is the secret; no session is needed",
      tag: "Rules",
      scope: "open",
      fromElsewhere: true,
      params: { id: "As the rule says." },
      body: Type.Unknown({
        description: "What the rule sees as `trigger.data`: JSON, or text of any other type.",
      }),
      anyMedia: true,
      bodyLimit: BODY_LIMIT,
      answer: { status: 204, description: "The rules have it, and what they decided is kept." },
      problems: {
        404: "No rule listens to it.",
        413: "More than 64 kB.",
        429: "Too many calls from this address.",
      },
      handle: async ({ address, body, params }) => {
        const answer = await door.call(params.id ?? "", body, address);
        if (answer === "taken") return { status: 204 };
        if (answer === "unknown") return problem(404, "unknown-webhook", "No rule listens to this.");
        const detail = "Too many calls from this address.";
        return { problem: { status: 429, code: "too-many", detail, retryAfterS: 5 } };
      },
    },
  ];
}
