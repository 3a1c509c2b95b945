import type { Bridge } from "@tram/cloud-bridge";
import type { GatewayView } from "@tram/protocol";

type Problem = GatewayView["problems"][number];

/** Bridges whose month's bytes come to an end. */
export function budgetProblems(bridges: readonly Pick<Bridge, "id" | "budget">[]): readonly Problem[] {
  return bridges.flatMap(({ budget, id }): readonly Problem[] => {
    const where = `cloud.${id}.monthly_mb`;
    if (budget === "near") {
      const problem = `more than 80 % of the month's bytes of the bridge ${id} are used; when all are, its readings wait for the next month, and alarms, answers and states go on`;
      return [{ code: "budget-near", where, problem }];
    }
    if (budget !== "spent") return [];
    const problem = `the month's bytes of the bridge ${id} are used up: its readings wait for the next month, alarms, answers and states go on. What to do: allow more (\`monthly_mb\`), or wait`;
    return [{ code: "budget-spent", where, problem }];
  });
}
