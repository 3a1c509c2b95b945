import type { ThingView } from "@tram/protocol";
import type { AuditLog } from "../audit/audit-log.ts";
import { annotatedConfig } from "../config/print.ts";
import { readSmallFile } from "../config/read-file.ts";
import type { Settings } from "../config/settings.ts";
import type { ClientDesk } from "../http/routes-clients.ts";
import { RENDERED_UCI } from "../runtime/places.ts";
import type { Status } from "../status.ts";
import type { BundlePart } from "./bundle.ts";
import { redactUci, ruleFiles, rulePart } from "./config-parts.ts";
import type { LogRing } from "./log-ring.ts";
import { diskFacts, procFacts, systemFacts } from "./machine-facts.ts";
import { HIDDEN, type Redactor } from "./redactor.ts";

const AUDIT_ENTRIES = 1_000;
const UCI_LIMIT_BYTES = 1_048_576;

export interface GatewayPartsRoom {
  readonly settings: Settings;
  readonly status: Status;
  readonly audit: Pick<AuditLog, "read">;
  readonly desk: Pick<ClientDesk, "all">;
  readonly metrics: () => string;
  readonly recent: Pick<LogRing, "lines"> | undefined;
}

/** What a running gateway can tell of itself. */
export function* gatewayParts(room: GatewayPartsRoom): Generator<BundlePart> {
  const { audit, desk, metrics, recent, settings, status } = room;
  yield { name: "gateway.json", make: () => status.gateway() };
  yield { name: "modules.json", make: () => status.modules() };
  yield { name: "bridges.json", make: () => status.bridges() };
  yield { name: "things.json", make: () => status.snapshot().things.map(withoutWriteOnly) };
  yield { name: "rules.json", make: () => status.rules() };
  yield {
    name: "traces.json",
    make: () => Object.fromEntries(status.rules().map(({ id }) => [id, status.traces(id) ?? []])),
  };
  yield { name: "clients.json", make: () => desk.all() };
  yield { name: "audit.json", make: () => audit.read(AUDIT_ENTRIES) };
  yield { name: "metrics.txt", make: () => metrics() };
  if (recent !== undefined) yield { name: "log.txt", make: () => recent.lines().join("\n") };
  yield* machineParts(settings);
}

/** The same for one that does not run, as far as its machine tells. */
export function* machineParts(settings: Settings): Generator<BundlePart> {
  yield { name: "config.json", make: () => annotatedConfig(settings).document };
  yield { name: "config.uci", make: uci };
  yield { name: "system.json", make: systemFacts };
  yield { name: "disk.json", make: () => diskFacts(settings.data) };
  for (const [name, text] of procFacts())
    yield { name: `proc/${name.replaceAll("/", "-")}.txt`, make: () => text };
  for (const name of ruleFiles(settings.rulesDir)) yield rulePart(settings.rulesDir, name);
}

function uci(redactor: Redactor): string {
  const content = readSmallFile(RENDERED_UCI, UCI_LIMIT_BYTES);
  return "found" in content ? `(${content.found})` : redactUci(content, redactor);
}

/** What can be written and not read has no value to show, whatever a device reported. */
function withoutWriteOnly(view: ThingView): object {
  const { properties: described = {} } = view.thing;
  const properties = Object.entries(view.properties).map(([key, value]) => [
    key,
    described[key]?.writeOnly === true ? HIDDEN : value,
  ]);
  return { ...view, properties: Object.fromEntries(properties) };
}
