import { ID_PATTERN } from "@tram/protocol";
import { type Static, Type } from "typebox";
import { HOST_PATTERN } from "../rules/effects/host-list.ts";
import { Closed } from "./schema-parts.ts";

const WebhookConfig = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN, description: "What rules call it: `to: [webhook:<id>]`." }),
    url: Type.String({
      pattern: "^https?://[^/\\s]+",
      maxLength: 2_048,
      description: "Where a notification is POSTed as JSON: `{ rule, level, text, time, gateway }`.",
    }),
    headers_file: Type.Optional(
      Type.String({
        minLength: 1,
        path: "always",
        description: "File with further headers, one `Name: value` a line: tokens stay out of this file.",
      }),
    ),
  },
  Closed,
);
export type WebhookConfig = Static<typeof WebhookConfig>;

export const RulesConfig = Type.Object(
  {
    dir: Type.Optional(
      Type.String({
        default: "rules",
        path: "always",
        description: "Folder of the rule files, beside this file or absolute.",
      }),
    ),
    http_hosts: Type.Optional(
      Type.Array(Type.String({ pattern: HOST_PATTERN }), {
        maxItems: 64,
        description:
          "Hosts that the action `http` may call: `host` (its ports 80 and 443), `host:port`, `*.example.org`. Names are compared, not what they resolve to. Default: none.",
      }),
    ),
    webhooks: Type.Optional(
      Type.Array(WebhookConfig, {
        maxItems: 32,
        description: "Where notifications can go: `notify` with `to: [webhook:<id>]`.",
      }),
    ),
  },
  { ...Closed, description: "The rules." },
);
