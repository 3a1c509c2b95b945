import { type Proof, proofs } from "./evidence.ts";
import type { SpecVersion, Statement } from "./statement.ts";
import { STATEMENTS_3_1_1 } from "./statements-3.1.1.ts";
import { STATEMENTS_5_0 } from "./statements-5.0.ts";
import { reasonWhyNot } from "./unproved.ts";

export const STATEMENTS: Readonly<Record<SpecVersion, readonly Statement[]>> = {
  "3.1.1": STATEMENTS_3_1_1,
  "5.0": STATEMENTS_5_0,
};

/** Proofs that are named in a row; of more there is the number. */
const NAMED = 4;

/** docs/reference/mqtt-conformance.md. */
export function conformanceReference(): string {
  const all = proofs();
  return [
    "# MQTT conformance",
    "",
    "Made by `make generate` out of `gateway/broker/src/conformance`. Every normative statement of both versions, in",
    "words of our own, with the tests that prove it of Tram's engine, or why there is none. Tests whose file is not",
    "named are in `gateway/broker/src/conformance`; those of `malformed.test.ts` send a packet that breaks the",
    "statement. Where a statement binds clients alone, its test shows that the broker refuses who breaks it.",
    "A client id here is one of an account: the same id of another account is another session (ADR 22).",
    "`make conformance-violations` breaks the engine on purpose, and looks whether the right rows turn red.",
    "",
    "| version | statements | proved | not |",
    "| --- | --- | --- | --- |",
    ...versions().map(([version, statements]) => summary(version, statements, all)),
    ...versions().flatMap(([version, statements]) => [...chapter(version, statements, all)]),
    "",
  ].join("\n");
}

function versions(): [SpecVersion, readonly Statement[]][] {
  return Object.entries(STATEMENTS) as [SpecVersion, readonly Statement[]][];
}

function summary(version: SpecVersion, statements: readonly Statement[], all: readonly Proof[]): string {
  const proved = statements.filter(({ id }) => of(all, version, id).length > 0).length;
  return `| ${version} | ${statements.length} | ${proved} | ${statements.length - proved} |`;
}

function* chapter(
  version: SpecVersion,
  statements: readonly Statement[],
  all: readonly Proof[],
): Generator<string> {
  yield* [
    "",
    `## ${version}`,
    "",
    "| statement | binds | about | proof, or why not |",
    "| --- | --- | --- | --- |",
  ];
  for (const statement of statements) {
    const { about, applies, id } = statement;
    const found = of(all, version, id);
    const cell = found.length > 0 ? tests(found) : `– ${reasonWhyNot(version, statement) ?? "missing"}`;
    yield `| ${id} | ${applies} | ${escaped(about)} | ${cell} |`;
  }
}

function of(all: readonly Proof[], version: SpecVersion, id: string): readonly Proof[] {
  return all.filter((proof) => proof.version === version && proof.id === id);
}

/** `retain.test.ts`: this; that. */
function tests(found: readonly Proof[]): string {
  const byFile = Map.groupBy(found, ({ file }) => file);
  const cells = [...byFile].map(([file, list]) => {
    const names = list.slice(0, NAMED).map(({ test }) => escaped(test));
    const more = list.length > NAMED ? `; ${list.length - NAMED} more` : "";
    return `\`${file.replace("gateway/broker/src/conformance/", "")}\`: ${names.join("; ")}${more}`;
  });
  return cells.join("<br>");
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("#", "\\#").replaceAll("*", "\\*");
}
