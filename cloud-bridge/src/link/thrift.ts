import { MESSAGE_CLASSES, type MessageClass, type WanState } from "@tram/core";
import type { BudgetLevel } from "./traffic.ts";

/** Why telemetry waits although the cloud is there. */
export type Holding = "metered" | "budget";

export interface ThriftTerms {
  /** What becomes of telemetry while each byte is paid for. */
  readonly whileMetered: "defer" | "send";
  /** Bytes that a month may cost; left out: as many as it takes. */
  readonly budgetBytes?: number;
}

const ALL: readonly MessageClass[] = MESSAGE_CLASSES;
const BUT_TELEMETRY: readonly MessageClass[] = MESSAGE_CLASSES.filter((each) => each !== "telemetry");

/** Whether telemetry waits now. Alarms, replies and states never do. */
export function holding(wan: WanState["state"], level: BudgetLevel, terms: ThriftTerms): Holding | undefined {
  // On a line that costs nothing a budget that is used up holds nothing back.
  if (level === "spent" && wan !== "unmetered") return "budget";
  return wan === "metered" && terms.whileMetered === "defer" ? "metered" : undefined;
}

/** The classes that may leave. */
export function classesUnder(held: Holding | undefined): readonly MessageClass[] {
  return held === undefined ? ALL : BUT_TELEMETRY;
}
