import { type Static, Type } from "typebox";
import type { ThriftTerms } from "./link/thrift.ts";

/** What a bridge is told of what its line may cost. */
export const LINK_FIELDS = {
  metered: Type.Optional(
    Type.Object(
      {
        telemetry: Type.Optional(
          Type.Enum(["defer", "send"], {
            default: "defer",
            description:
              "Readings on a line that costs by the byte (`gateway.wan`): wait for another line, or go. Alarms, answers and states always go.",
          }),
        ),
      },
      { additionalProperties: false, description: "What is done while each byte is paid for." },
    ),
  ),
  monthly_mb: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description:
        "Bytes that a month may cost, in MB of 1,000,000. At 80 % and at 100 % it is told; from then on readings wait for the next month, and alarms, answers and states go on. Default: no limit.",
    }),
  ),
};

const LinkConfig = Type.Object(LINK_FIELDS);

/** The same for the link. */
export function thriftOf({ metered, monthly_mb }: Static<typeof LinkConfig>): ThriftTerms {
  return {
    whileMetered: metered?.telemetry ?? "defer",
    ...(monthly_mb === undefined ? {} : { budgetBytes: monthly_mb * MEGABYTE }),
  };
}

/** Of a plan in MB: what operators sell. */
const MEGABYTE = 1_000_000;
