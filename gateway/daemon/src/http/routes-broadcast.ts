import type { Broker } from "@tram/core";
import { broadcastTopic, isBroadcastSubtopic } from "@tram/protocol";
import { type Static, Type } from "typebox";
import { problem, type Route } from "./route.ts";

const Broadcast = Type.Object(
  {
    subtopic: Type.String({ description: "One id or several with `/` between: `security/alert`." }),
    text: Type.String({ minLength: 1, maxLength: 4_096 }),
  },
  { additionalProperties: false },
);

/** Homie 5.0 "Broadcast Topic": a word to all devices at once. */
export function broadcastRoutes(broker: Pick<Broker, "publish">): readonly Route[] {
  return [
    {
      method: "post",
      path: "/api/v1/broadcast",
      operationId: "broadcast",
      summary: "Say something to all Homie devices; each does with it what it wants",
      tag: "Things",
      scope: "control",
      body: Broadcast,
      answer: { status: 204, description: "Published at `homie/5/$broadcast/…`, not retained." },
      problems: { 422: "The subtopic is none." },
      handle: async ({ body }) => {
        const { subtopic, text } = body as Static<typeof Broadcast>;
        if (!isBroadcastSubtopic(subtopic)) {
          return problem(422, "bad-subtopic", "subtopic: expected ids of a-z, 0-9 and -, with / between.");
        }
        const topic = broadcastTopic(subtopic);
        await broker.publish({ topic, payload: Buffer.from(text), qos: 1, retain: false });
        return { status: 204 };
      },
    },
  ];
}
