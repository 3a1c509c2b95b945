import type { CloudDesk } from "@tram/core";
import type { Requests } from "./requests.ts";

/** One connection, as the shadows and the jobs use it. */
export interface AwsSession {
  readonly requests: Pick<Requests, "post">;
  readonly desk: CloudDesk;
  /** A client token that this connection has not used; at most 64 bytes (developer guide, "Client tokens"). */
  readonly token: () => string;
}
