import type { GatewayView } from "@tram/protocol";
import type { Translate } from "../i18n/translator.ts";
import type { Complaint } from "../shell/complaints.tsx";

/** The gateway's problems, those that can happen to every house told in the page's language too. */
export function troubles(gateway: GatewayView, t: Translate): readonly Complaint[] {
  return gateway.problems.map((problem) => ({ ...problem, summary: summaryOf(problem.code, gateway, t) }));
}

function summaryOf(code: string, { storeCode }: GatewayView, t: Translate): string | undefined {
  if (code === "clock") return t("system.trouble.clock");
  if (code === "events") return t("system.trouble.events");
  if (code === "budget-near") return t("system.trouble.budget.near");
  if (code === "budget-spent") return t("system.trouble.budget.spent");
  if (code === "certificate-ending") return t("system.trouble.certificate");
  if (code === "restart") return t("system.trouble.restart");
  if (code !== "store") return undefined;
  if (storeCode === "full") return t("system.trouble.store.full");
  return t(storeCode === "read-only" ? "system.trouble.store.readOnly" : "system.trouble.store.other");
}
