import { PRODUCT } from "@tram/protocol";
import { type CliCommand, COMMON_OPTIONS, type CommandBody } from "./command.ts";
import { COMMANDS } from "./command-table.ts";
import { UsageError } from "./usage-error.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** `completion SHELL`: prints a script that completes verbs and options, made of the table of commands. */
export const completion: CommandBody = async ({ args, output }) => {
  const [shell] = args;
  switch (shell) {
    case "bash":
      output.line(bash(COMMANDS));
      return 0;
    case "zsh":
      output.line(`autoload -U +X bashcompinit && bashcompinit\n${bash(COMMANDS)}`);
      return 0;
    case "fish":
      output.line(fish(COMMANDS));
      return 0;
    default:
      throw new UsageError(`expected ${SHELLS.join(", ")}, found ${String(shell)}`);
  }
};

/** The words that an argument may be: `aws|ibm|mqtt`. */
function choicesOf({ args = "" }: CliCommand): readonly string[] {
  return /^\[?([a-z]+(?:\|[a-z]+)+)\]?$/.exec(args)?.[1]?.split("|") ?? [];
}

/** First words, and the second words of those that have some: `rules` → `list check trace`. */
function tree(commands: readonly CliCommand[]): Map<string, string[]> {
  const words = new Map<string, string[]>();
  for (const command of commands) {
    const [first = "", second] = command.name.split(" ");
    const seconds = second === undefined ? choicesOf(command) : [second];
    words.set(first, [...(words.get(first) ?? []), ...seconds]);
  }
  return words;
}

function optionsOf(commands: readonly CliCommand[]): string[] {
  const names = new Set([
    ...Object.keys(COMMON_OPTIONS),
    ...commands.flatMap(({ options }) => Object.keys(options ?? {})),
  ]);
  return [...names].map((name) => `--${name}`);
}

function bash(commands: readonly CliCommand[]): string {
  const words = tree(commands);
  const cases = [...words]
    .filter(([, seconds]) => seconds.length > 0)
    .map(([first, seconds]) => `    ${first}) words="${seconds.join(" ")}";;`)
    .join("\n");
  const thirds = commands
    .filter((command) => command.name.includes(" ") && choicesOf(command).length > 0)
    .map((command) => `    "${command.name}") words="${choicesOf(command).join(" ")}";;`)
    .join("\n");
  const { name } = PRODUCT;
  return `_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [[ "$current" == -* ]]; then words="${optionsOf(commands).join(" ")}"
  elif [[ $COMP_CWORD -eq 1 ]]; then words="${[...words.keys()].join(" ")}"
  elif [[ $COMP_CWORD -eq 2 ]]; then case "\${COMP_WORDS[1]}" in
${cases}
    things|get|set|watch) words="$(${name} things --json 2>/dev/null | sed -n 's/^        "id": "\\(.*\\)",$/\\1/p')";;
  esac
  elif [[ $COMP_CWORD -eq 3 ]]; then case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${thirds}
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${name} ${name}`;
}

function fish(commands: readonly CliCommand[]): string {
  const { name } = PRODUCT;
  const lines = [`complete -c ${name} -f`];
  const seen = new Set<string>();
  for (const command of commands) {
    const [first = "", second] = command.name.split(" ");
    if (second !== undefined) {
      lines.push(
        `complete -c ${name} -n "__fish_seen_subcommand_from ${first}" -a ${second} -d "${command.summary}"`,
      );
    }
    const seenSo = command.name.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`);
    const choices = choicesOf(command).join(" ");
    if (choices !== "") lines.push(`complete -c ${name} -n "${seenSo.join("; and ")}" -a "${choices}"`);
    if (seen.has(first)) continue;
    seen.add(first);
    const summary = second === undefined ? command.summary : first;
    lines.push(`complete -c ${name} -n __fish_use_subcommand -a ${first} -d "${summary}"`);
  }
  for (const option of optionsOf(commands)) lines.push(`complete -c ${name} -l ${option.slice(2)}`);
  return lines.join("\n");
}
