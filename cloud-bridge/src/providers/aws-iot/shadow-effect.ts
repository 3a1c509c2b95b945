import type { JsonObject } from "@tram/protocol";
import type { AskedWish, EndedWish } from "./shadow-wishes.ts";

/** What became of a state that was to be reported. */
export type ReportOutcome =
  | { readonly outcome: "acknowledged" }
  /** This shadow cannot hold it, or is of no use for a while: it has to go another way. */
  | { readonly outcome: "misfit"; readonly reason: string }
  | { readonly outcome: "retry"; readonly reason: string };

/** What has to be done for a shadow. `Ticket` is what the caller knows a report by. */
export type ShadowEffect<Ticket> =
  | { readonly do: "get"; readonly token: string }
  | { readonly do: "update"; readonly token: string; readonly body: JsonObject }
  | { readonly do: "ask"; readonly wish: AskedWish }
  /** Somebody has to be told that nothing comes of a wish. */
  | { readonly do: "refuse"; readonly wish: EndedWish }
  | { readonly do: "settle"; readonly tickets: readonly Ticket[]; readonly outcome: ReportOutcome }
  /** Nothing goes on before `wake` is called, after a while. */
  | {
      readonly do: "later";
      readonly reason: string;
      /** Set where the cloud has said what is turned away. */
      readonly code?: "too-large";
    };

/** Nothing where nobody waits. */
export function settle<Ticket>(tickets: readonly Ticket[], outcome: ReportOutcome): ShadowEffect<Ticket>[] {
  return tickets.length === 0 ? [] : [{ do: "settle", tickets, outcome }];
}
