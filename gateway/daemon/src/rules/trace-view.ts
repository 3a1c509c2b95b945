import type { TraceView } from "@tram/protocol";
import type { Trace } from "@tram/rules";
import { iso } from "../http/views.ts";

/** A line of a diary as the API tells it. */
export function traceView({ since, time, ...trace }: Trace): TraceView {
  return { time: iso(time), ...(since === undefined ? {} : { since: iso(since) }), ...trace };
}

export function traceOfView({ since, time, ...trace }: TraceView): Trace {
  return {
    time: Date.parse(time),
    ...(since === undefined ? {} : { since: Date.parse(since) }),
    ...trace,
  };
}
