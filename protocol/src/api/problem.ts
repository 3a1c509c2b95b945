import { type Static, Type } from "typebox";
import { CloudCheckView } from "./cloud.ts";

/** RFC 9457 problem details. `code` is the stable, machine-readable reason. */
export const Problem = Type.Object({
  type: Type.String({ description: "A URI reference that names the kind of problem." }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.Optional(Type.String({ description: "What is wrong with this request, for people." })),
  code: Type.String(),
  errors: Type.Optional(
    Type.Array(Type.Object({ path: Type.String(), problem: Type.String() }), {
      description: "One entry for each invalid member of the request.",
    }),
  ),
  // An extension member (RFC 9457 §3.2), of `check-failed` alone.
  check: Type.Optional(CloudCheckView),
});
export type Problem = Static<typeof Problem>;
