import { chooseConfig } from "../config/last-good.ts";
import { loadConfig } from "../config/load.ts";
import { readOverrides } from "../config/overrides.ts";
import { annotatedConfig } from "../config/print.ts";
import { type CommandBody, type CommandContext, DEFAULT_CONFIG } from "./command.ts";

const _CONFIG_OPTION = {
  config: {
    type: "string",
    short: "c",
    value: "FILE",
    help: `configuration file (default: ${DEFAULT_CONFIG})`,
  },
} as const;

export function configFile({ options, args }: CommandContext): string {
  const [file] = args;
  if (typeof options.config === "string") return options.config;
  return file ?? DEFAULT_CONFIG;
}

export const configCheck: CommandBody = async (context) => {
  const file = configFile(context);
  loadConfig(file, readOverrides(context.environment));
  context.output.show({ file, ok: true }, () => context.output.line(`${file}: sound`));
  return 0;
};

export const configPrint: CommandBody = async (context) => {
  const { settings, refused } = chooseConfig(configFile(context), readOverrides(context.environment));
  if (refused !== undefined) context.output.error(`the last good configuration is in force: ${refused}`);
  const { document, text } = annotatedConfig(settings);
  context.output.show(document, () => context.output.line(text.trimEnd()));
  return 0;
};
