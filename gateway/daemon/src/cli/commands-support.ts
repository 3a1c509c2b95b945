import { rmSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { readOverrides } from "../config/overrides.ts";
import { answers } from "../runtime/answers.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { configFile } from "./commands-config.ts";
import { DaemonClient } from "./daemon-client.ts";
import { findSocket } from "./find-socket.ts";
import { CommandFailed } from "./usage-error.ts";

/** `support-bundle F`: from the running gateway; of one that does not run, what its machine tells. */
export const supportBundle: CommandBody = async (context) => {
  const { args, output } = context;
  const [file = ""] = args;
  const socket = await findSocket(context);
  const runs = (await answers(socket)) !== "no";
  if (runs) await new DaemonClient(socket).download("/api/v1/support-bundle", null, file);
  else await write(context, file);
  const bytes = statSync(file).size;
  output.show({ file: resolve(file), bytes, running: runs }, () => {
    output.line(`${output.style("bold", file)}  ${Math.ceil(bytes / 1_024)} kB`);
    if (!runs)
      output.line(output.style("yellow", "The gateway does not run: its state and its log are not in it."));
    output.line("Secrets were taken out. Look through it all the same before you hand it on.");
  });
  return 0;
};

async function write(context: CommandContext, file: string): Promise<void> {
  const { loadConfig } = await import("../config/load.ts");
  const { packBundle } = await import("../support/bundle.ts");
  const { machineParts } = await import("../support/gateway-parts.ts");
  const { knownSecrets } = await import("../support/known-secrets.ts");
  const { data } = context.options;
  const overrides = readOverrides(context.environment);
  const named = { ...context, args: [] };
  const { settings } = loadConfig(configFile(named), {
    ...overrides,
    ...(typeof data === "string" && { data }),
  });
  const bytes = await packBundle(machineParts(settings), {
    secrets: knownSecrets(settings),
    time: Math.floor(Date.now() / 1_000),
  });
  try {
    rmSync(file, { force: true });
    writeFileSync(file, bytes, { mode: 0o600 });
  } catch (error) {
    throw new CommandFailed(`${file}: ${(error as Error).message}`);
  }
}
