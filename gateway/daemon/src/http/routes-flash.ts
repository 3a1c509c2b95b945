import { FlashView } from "@tram/protocol";
import type { Route } from "./route.ts";

/** What is written to the flash, and how long it lasts. */
export function flashRoutes(view: () => FlashView): readonly Route[] {
  return [
    {
      method: "get",
      path: "/api/v1/flash",
      operationId: "readFlash",
      summary: "What was written to the flash by whom, the budget, and how long the flash lasts",
      tag: "Gateway",
      scope: "read",
      answer: { status: 200, description: "The writes.", schema: FlashView },
      handle: () => ({ status: 200, body: view() }),
    },
  ];
}
