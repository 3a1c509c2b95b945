import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Log } from "@tram/core";
import { type GatewayView, PRODUCT } from "@tram/protocol";
import { isRestorePending } from "../backup/restore-state.ts";
import { type Chosen, chooseConfig, keepLastGood } from "../config/last-good.ts";
import { readOverrides } from "../config/overrides.ts";
import type { Settings } from "../config/settings.ts";
import { type RunningGateway, startGateway } from "../gateway.ts";
import { createLog } from "../logging.ts";
import { reachable } from "../runtime/reachable.ts";
import { LogRing } from "../support/log-ring.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { configFile } from "./commands-config.ts";

/** Everything is asked to close; what has not by then is left to the operating system. In milliseconds. */
const STOP_WITHIN_MS = 1_800;

export const run: CommandBody = async (context) => {
  const stopping = stopSignal();
  const chosen = await chooseWhole(context);
  const recent = new LogRing();
  const log = createLog(chosen.settings.logLevel, recent);
  const problems: GatewayView["problems"] = [];
  if (chosen.refused !== undefined) {
    log.error({ problem: chosen.refused }, "the configuration was refused; the last good one runs");
    context.output.error(`${chosen.refused}\nThe last good configuration runs instead.`);
    problems.push({ code: "config", where: configFile(context), problem: chosen.refused });
  }
  const onWritable = (): number => keep(chosen, log);
  for (let known = problems; ; ) {
    const gateway = await startGateway({
      settings: chosen.settings,
      config: { file: resolve(configFile(context)), ...chosen.source },
      log,
      recent,
      webFolder: webFolder(),
      problems: known,
      onWritable,
    });
    announce(context, chosen.settings, gateway);
    const reason = await Promise.race([stopping, gateway.restartDue]);
    if (typeof reason === "string") log.info({ signal: reason }, "stopping");
    else log.warn({}, "starting anew, to take up what the disk holds");
    await stopInTime(gateway, log);
    if (typeof reason === "string") return 0;
    known = [...problems, ...reason];
  }
};

/** Chooses the configuration. A restore that was cut short is ended before: it may bring another one. */
async function chooseWhole(context: CommandContext): Promise<Chosen> {
  const choose = (): Chosen => chooseConfig(configFile(context), readOverrides(context.environment));
  const chosen = choose();
  const { data } = chosen.settings;
  if (!isRestorePending(data)) return chosen;
  const { resumeRestore } = await import("../backup/resume.ts");
  resumeRestore(data);
  return choose();
}

async function stopInTime(gateway: RunningGateway, log: Log): Promise<void> {
  const patience = setTimeout(() => {
    log.error({}, "did not stop in time");
    process.exit(1);
  }, STOP_WITHIN_MS);
  await gateway.stop();
  clearTimeout(patience);
  log.info({}, "stopped");
}

/** Keeps the configuration that works. Without it the next start needs the file itself to be sound, no more. */
function keep({ candidate, settings }: Chosen, log: Log): number {
  if (candidate === undefined) return 0;
  try {
    return keepLastGood(settings.data, candidate);
  } catch (error) {
    log.warn(
      { reason: (error as Error).message },
      "the configuration could not be kept as the last good one",
    );
    return 0;
  }
}

function announce(
  { output }: CommandContext,
  settings: Pick<Settings, "gateway" | "http" | "mqtt">,
  gateway: { httpPort: number; mqttPort: number; setupCode: string | undefined },
): void {
  const web = `http://${reachable(settings.http.host)}:${gateway.httpPort}/`;
  const mqtt = settings.mqtt.external?.url ?? `mqtt://${reachable(settings.mqtt.host)}:${gateway.mqttPort}`;
  if (output.json) {
    output.line(
      JSON.stringify({
        web,
        mqtt,
        ...(gateway.setupCode === undefined ? {} : { setupCode: gateway.setupCode }),
      }),
    );
    return;
  }
  output.line(`${output.style("bold", `${PRODUCT.title} ${PRODUCT.version}`)}  ${settings.gateway.name}`);
  output.line(`  Web UI       ${output.style("cyan", web)}`);
  output.line(`  MQTT         ${mqtt}`);
  if (gateway.setupCode !== undefined) {
    output.line(
      `  Set-up code  ${output.style("green", gateway.setupCode)}  (once, within 15 minutes: it makes the first administrator)`,
    );
  }
  output.line("  Ctrl-C ends the gateway.");
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => resolve(signal));
    }
  });
}

/** The built UI: where the environment says, beside the bundle, or in the neighbouring package of the repository. */
function webFolder(): string {
  const named = process.env[`${PRODUCT.environmentPrefix}_WEB`];
  if (named !== undefined) return named;
  const [beside = "", neighbour = ""] = ["./web", "../../../web/dist"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return existsSync(beside) ? beside : neighbour;
}
