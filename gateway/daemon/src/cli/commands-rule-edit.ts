import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { text as readAll } from "node:stream/consumers";
import type { RuleCheckView, RuleSourceView, RuleVersionTextView } from "@tram/protocol";
import { outlineOf, ruleTextOf } from "@tram/rules";
import type { CommandBody, CommandContext } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { CommandFailed } from "./usage-error.ts";

const at = (id: string, rest = ""): string => `/api/v1/rules/${encodeURIComponent(id)}${rest}`;

/** `rules show ID`: as its author wrote it, now or in a version. */
export const rulesShow: CommandBody = async (context) => {
  const { args, options, output } = context;
  const [id = ""] = args;
  const client = await DaemonClient.of(context);
  const { version } = options;
  const place =
    version === undefined
      ? at(id, "/source")
      : `/api/v1/rule-versions/${encodeURIComponent(String(version))}?rule=${encodeURIComponent(id)}`;
  const view = await client.get<RuleSourceView | RuleVersionTextView>(place);
  output.show(view, () => output.line(view.text.trimEnd()));
  return 0;
};

/** `rules add FILE`: one rule, or a list of them. All are checked before the first is added. */
export const rulesAdd: CommandBody = async (context) => {
  const { args, options, output } = context;
  const texts = rulesOf(await read(args[0] ?? ""));
  const client = await DaemonClient.of(context);
  for (const text of texts) {
    const check = await checkOf(client, text);
    if (check.problems.length > 0) throw new CommandFailed(inWords(check));
  }
  const added: RuleSourceView[] = [];
  for (const text of texts) {
    const body = { text, ...(typeof options.file === "string" ? { file: options.file } : {}) };
    const answer = await client.call("POST", "/api/v1/rules", body).catch((error: unknown) => {
      const so = added.length === 0 ? "" : ` (added before: ${added.map(({ id }) => id).join(", ")})`;
      throw error instanceof CommandFailed ? new CommandFailed(`${error.message}${so}`) : error;
    });
    added.push(answer.body as RuleSourceView);
  }
  output.show({ rules: added }, () => {
    for (const { file, id } of added) output.line(`${id} was added to ${file}`);
  });
  return 0;
};

/** `rules put ID FILE`: the text of a rule from a file. */
export const rulesPut: CommandBody = async (context) => {
  const [id = "", file = ""] = context.args;
  const content = await read(file);
  const own = outlineOf(content)?.has(id) === true ? ruleTextOf(content, id) : undefined;
  const client = await DaemonClient.of(context);
  return put(context, client, { id, text: own?.ok === true ? own.text : content });
};

/** `rules edit ID`: in the editor of whoever asks; kept when it is sound. */
export const rulesEdit: CommandBody = async (context) => {
  const [id = ""] = context.args;
  const client = await DaemonClient.of(context);
  const { revision, text } = await client.get<RuleSourceView>(at(id, "/source"));
  const folder = mkdtempSync(join(tmpdir(), "tram-rule-"));
  const file = join(folder, `${id}.yaml`);
  writeFileSync(file, text, { mode: 0o600 });
  try {
    for (;;) {
      await openEditor(context, file);
      const changed = readFileSync(file, "utf8");
      if (changed === text) {
        context.output.show({ changed: false }, () => context.output.line("Nothing was changed."));
        break;
      }
      const check = await checkOf(client, changed, id);
      if (check.problems.length === 0) {
        await put(context, client, { id, text: changed, revision });
        break;
      }
      context.output.error(inWords(check));
      if (!(await again())) throw new CommandFailed("nothing was changed");
    }
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new CommandFailed(`${error.message}\nWhat you wrote is in ${file}.`);
  }
  rmSync(folder, { recursive: true, force: true });
  return 0;
};

/** `rules remove ID` */
export const rulesRemove: CommandBody = async (context) => {
  const [id = ""] = context.args;
  const client = await DaemonClient.of(context);
  await client.call("DELETE", at(id));
  context.output.show({ id, removed: true }, () => context.output.line(`${id} was removed`));
  return 0;
};

/** `rules enable ID` */
export const rulesEnable: CommandBody = (context) => switchRule(context, true);

/** `rules disable ID` */
export const rulesDisable: CommandBody = (context) => switchRule(context, false);

async function switchRule(context: CommandContext, enabled: boolean): Promise<number> {
  const [id = ""] = context.args;
  const client = await DaemonClient.of(context);
  await client.call("PUT", at(id, "/enabled"), { enabled });
  context.output.show({ id, enabled }, () => context.output.line(`${id} is ${enabled ? "on" : "off"}`));
  return 0;
}

async function put(
  { output }: CommandContext,
  client: DaemonClient,
  { id, ...body }: { readonly id: string; readonly text: string; readonly revision?: string },
): Promise<number> {
  const { body: answer } = await client.call("PUT", at(id, "/source"), body);
  const kept = answer as RuleSourceView;
  output.show(kept, () => {
    output.line(`${kept.id} was changed in ${kept.file}`);
    for (const { path, problem } of kept.warnings) output.error(`warning: ${path}: ${problem}`);
  });
  return 0;
}

async function checkOf(client: DaemonClient, text: string, id?: string): Promise<RuleCheckView> {
  const body = { text, ...(id === undefined ? {} : { id }) };
  return (await client.call("POST", "/api/v1/rules/check", body)).body as RuleCheckView;
}

function inWords({ id, problems }: RuleCheckView): string {
  return problems
    .map(({ line, path, problem }) => {
      const place = [id, line === undefined ? undefined : `line ${line}`, path === "" ? undefined : path];
      return [...place.filter((part) => part !== undefined), problem].join(": ");
    })
    .join("\n");
}

/** The rules of a text that is one rule, or a list of them. */
function rulesOf(content: string): readonly string[] {
  const ids = [...(outlineOf(content)?.keys() ?? [])];
  if (ids.length === 0) return [content];
  return ids.map((id) => {
    const found = ruleTextOf(content, id);
    if (!found.ok) throw new CommandFailed(found.problem);
    return found.text;
  });
}

async function read(file: string): Promise<string> {
  if (file === "-") return readAll(process.stdin);
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new CommandFailed(`${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

/** The editor is a command of the shell: `code --wait` is one too. */
function openEditor({ environment }: CommandContext, file: string): Promise<void> {
  const editor = environment.VISUAL || environment.EDITOR || "vi";
  const child = spawn("/bin/sh", ["-c", `${editor} "$1"`, "sh", file], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(new CommandFailed(`${editor}: ${error.message}`)));
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new CommandFailed(`${editor} ended with ${code ?? "a signal"}: nothing was changed`));
    });
  });
}

async function again(): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  using lines = createInterface({ input: process.stdin, output: process.stderr });
  return !/^n/i.test(await lines.question("Edit again? [Y/n] "));
}
