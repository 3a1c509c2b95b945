import { parseArgs } from "node:util";
import { PRODUCT } from "@tram/protocol";
import { ConfigError } from "../config/config-error.ts";
import { type CliCommand, COMMON_OPTIONS, type OptionSpec } from "./command.ts";
import { COMMANDS } from "./command-table.ts";
import { Output } from "./output.ts";
import { CommandFailed, UsageError } from "./usage-error.ts";

/** Exit codes of the CLI: a contract with scripts and with procd. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Runs one command line. @returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const output = new Output({ json: argv.includes("--json"), out: process.stdout, err: process.stderr });
  // `tram things | head` closes the pipe early: that is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) =>
    process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.failed),
  );
  try {
    return await dispatch(argv, output);
  } catch (error) {
    if (error instanceof UsageError) {
      output.error(`${PRODUCT.name}: ${error.message}\nTry \`${PRODUCT.name} --help\`.`);
      return EXIT.usage;
    }
    if (error instanceof ConfigError) {
      output.error(`${PRODUCT.name}: ${error.message}`);
      return EXIT.usage;
    }
    if (error instanceof CommandFailed) {
      output.error(`${PRODUCT.name}: ${error.message}`);
      return EXIT.failed;
    }
    throw error;
  }
}

async function dispatch(argv: readonly string[], output: Output): Promise<number> {
  const [first, second] = argv;
  if (first === "--version" || first === "-V") {
    output.line(PRODUCT.version);
    return EXIT.ok;
  }
  if (first === undefined || asksForHelp(first)) {
    help(output);
    return first === undefined ? EXIT.usage : EXIT.ok;
  }
  const command =
    COMMANDS.find(({ name }) => name === `${first} ${second}`) ?? COMMANDS.find(({ name }) => name === first);
  if (command === undefined) {
    const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `));
    if (group.length === 0) throw new UsageError(`unknown command ${first}`);
    if (second !== undefined && asksForHelp(second)) {
      list(group, output);
      return EXIT.ok;
    }
    const verbs = group.map(({ name }) => name.slice(first.length + 1));
    throw new UsageError(`${first}: expected ${verbs.join(", ")}, found ${second ?? "nothing"}`);
  }
  const options: Readonly<Record<string, OptionSpec>> = { ...COMMON_OPTIONS, ...command.options };
  const rest = argv.slice(command.name.split(" ").length);
  const parsed = parse(rest, options);
  if (parsed.values.help === true) {
    helpOf(command, options, output);
    return EXIT.ok;
  }
  const count = parsed.positionals.length;
  if (count < (command.minArgs ?? 0) || count > (command.maxArgs ?? Number.POSITIVE_INFINITY)) {
    throw new UsageError(
      `expected \`${PRODUCT.name} ${signature(command)}\`, found ${count === 0 ? "no" : count} argument${count === 1 ? "" : "s"}`,
    );
  }
  const body = await command.load();
  return body({ args: parsed.positionals, options: parsed.values, output, environment: process.env });
}

function parse(
  args: readonly string[],
  options: Readonly<Record<string, OptionSpec>>,
): { values: Readonly<Record<string, string | boolean | undefined>>; positionals: readonly string[] } {
  try {
    // A negative number is a value, not an option: `set ac target -5`.
    const guarded = args.map((arg) => (/^-\d/.test(arg) ? ` ${arg}` : arg));
    const specs = Object.fromEntries(
      Object.entries(options).map(([name, { type, short, repeats = false }]) => [
        name,
        { type, multiple: repeats, ...(short === undefined ? {} : { short }) },
      ]),
    );
    const { values, positionals } = parseArgs({ args: guarded, options: specs, allowPositionals: true });
    return {
      values: Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
          name,
          Array.isArray(value) ? value.join("\n") : value,
        ]),
      ),
      positionals: positionals.map((text) => (/^ -\d/.test(text) ? text.slice(1) : text)),
    };
  } catch (error) {
    throw new UsageError((error as Error).message.split(". ")[0] ?? "not understood");
  }
}

function help(output: Output): void {
  output.line(`${PRODUCT.title} ${PRODUCT.version}: an open IoT gateway\n`);
  output.line(`Usage: ${PRODUCT.name} COMMAND [OPTIONS]\n`);
  list(COMMANDS, output);
  output.line("\nOptions of every command:");
  helpOptions(COMMON_OPTIONS, output);
  output.line("\nExit code: 0 done, 1 failed, 2 command line, configuration or port not usable.");
}

function asksForHelp(word: string): boolean {
  return word === "--help" || word === "-h" || word === "help";
}

/** A command as it is typed. */
function signature({ args, name }: CliCommand): string {
  return args === undefined ? name : `${name} ${args}`;
}

function list(commands: readonly CliCommand[], output: Output): void {
  const longest = Math.max(...commands.map((command) => signature(command).length));
  for (const command of commands) output.line(`  ${signature(command).padEnd(longest)}  ${command.summary}`);
}

function helpOf(command: CliCommand, options: Readonly<Record<string, OptionSpec>>, output: Output): void {
  output.line(`Usage: ${PRODUCT.name} ${signature(command)}\n`);
  output.line(`  ${command.summary}\n`);
  helpOptions(options, output);
}

function helpOptions(options: Readonly<Record<string, OptionSpec>>, output: Output): void {
  const rows = Object.entries(options).map(([name, { short, value, help: text }]) => {
    const left = `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
    return [left, text] as const;
  });
  const longest = Math.max(...rows.map(([left]) => left.length));
  for (const [left, text] of rows) output.line(`  ${left.padEnd(longest)}  ${text}`);
}
