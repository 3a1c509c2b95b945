import { ConfigError } from "../config/config-error.ts";
import { chooseConfig } from "../config/last-good.ts";
import { loadConfig, loadDocument, problemLine } from "../config/load.ts";
import { readOverrides } from "../config/overrides.ts";
import { annotatedConfig } from "../config/print.ts";
import type { RenderFiles } from "../config/uci/render.ts";
import { type CommandBody, type CommandContext, defaultConfig } from "./command.ts";
import { UsageError } from "./usage-error.ts";

// UCI is loaded where it is asked for: this file is part of `run`, and a running gateway has no use for it.
const uci = () => import("../config/uci/index.ts");

export function configFile({ options, args }: CommandContext): string {
  const [file] = args;
  if (typeof options.config === "string") return options.config;
  return file ?? defaultConfig();
}

export const configCheck: CommandBody = (context) =>
  withProblems(context, async () => {
    const overrides = readOverrides(context.environment);
    const files = await filesOfUci(context);
    const file = files?.uci ?? configFile(context);
    if (files === undefined) loadConfig(file, overrides);
    else tell(context, (await uci()).renderConfig(files, overrides).notes);
    context.output.show({ file, ok: true }, () => context.output.line(`${file}: sound`));
  });

export const configPrint: CommandBody = async (context) => {
  const overrides = readOverrides(context.environment);
  const files = await filesOfUci(context);
  const chosen =
    files === undefined
      ? chooseConfig(configFile(context), overrides)
      : (await uci()).renderConfig(files, overrides);
  if ("refused" in chosen && chosen.refused !== undefined) {
    context.output.error(`the last good configuration is in force: ${chosen.refused}`);
  }
  const { document, text } = annotatedConfig(chosen.settings);
  context.output.show(document, () => context.output.line(text.trimEnd()));
  return 0;
};

/** `config render`: the file for the daemon, with its secrets in it. */
export const configRender: CommandBody = (context) =>
  withProblems(context, async () => {
    const { output, options } = context;
    const { OPENWRT_FILES, renderConfig, replaceSecretFile } = await uci();
    const rendered = renderConfig(namedFiles(context, OPENWRT_FILES));
    tell(context, rendered.notes);
    const out = typeof options.out === "string" && options.out !== "-" ? options.out : undefined;
    if (out === undefined) output.show(rendered.document, () => output.line(rendered.text.trimEnd()));
    else {
      replaceSecretFile(out, rendered.text);
      output.show({ file: out, ok: true }, () => output.line(`${out}: written`));
    }
  });

/** `config uci`: for those who move from the YAML file to UCI. */
export const configUci: CommandBody = (context) =>
  withProblems(context, async () => {
    const { output } = context;
    const file = configFile(context);
    const { expressInUci, writeUci } = await uci();
    const { sections, problems } = expressInUci(loadDocument(file));
    if (problems.length > 0) {
      throw new ConfigError(
        "config",
        problems.map((problem) => problemLine(file, problem)),
      );
    }
    const values = sections.map(({ options, ...section }) => ({
      ...section,
      options: Object.fromEntries(options),
    }));
    output.show(values, () => output.line(writeUci(sections).trimEnd()));
  });

/** The files of OpenWrt when `--uci` asks for them; then a YAML file is named by `--base`. */
async function filesOfUci(context: CommandContext): Promise<RenderFiles | undefined> {
  const { options, args } = context;
  if (options.uci === undefined) {
    const stray = ["base", "system"].find((name) => options[name] !== undefined);
    if (stray !== undefined) throw new UsageError(`--${stray}: expected --uci with it`);
    return undefined;
  }
  if (options.config !== undefined || args.length > 0) {
    throw new UsageError("--uci: expected --base for the YAML file, found another way to name it");
  }
  return namedFiles(context, (await uci()).OPENWRT_FILES);
}

function namedFiles({ options }: CommandContext, defaults: RenderFiles): RenderFiles {
  const named = (name: keyof RenderFiles): string => {
    const file = options[name];
    return typeof file === "string" ? file : defaults[name];
  };
  return { uci: named("uci"), base: named("base"), system: named("system") };
}

function tell({ output }: CommandContext, notes: readonly string[]): void {
  for (const note of notes) output.error(note);
}

/** Runs `body`. What is wrong with the configuration is told in full: a line each, with nothing before the path. */
async function withProblems({ output }: CommandContext, body: () => Promise<void>): Promise<number> {
  try {
    await body();
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) output.error(problem);
    if (output.json) output.line(JSON.stringify({ ok: false, problems: error.problems }, null, 2));
    return 2;
  }
}
