import { FILES, type Statement } from "./statement.ts";
import { DEVICES } from "./statements-devices.ts";
import { VALUES } from "./statements-values.ts";

export const STATEMENTS: readonly Statement[] = [...DEVICES, ...VALUES];

const SIDES = { in: "devices", out: "the gateway", both: "both" } as const;

/** docs/reference/homie-conformance.md. */
export function homieReference(): string {
  return [
    "# Homie conformance",
    "",
    "Made by `make generate` out of `protocol/src/homie/conformance`. The normative statements of the",
    "[Homie convention](https://homieiot.github.io/specification/) 5.0 in words of our own, with the tests that prove them of",
    "Tram, and what is different here. *Devices*: Tram is a controller, and reads and commands devices of others.",
    "*The gateway*: it is a device itself, with the Things of its modules as children.",
    "",
    "| section | about | statement | proof | remark |",
    "| --- | --- | --- | --- | --- |",
    ...STATEMENTS.map(row),
    "",
  ].join("\n");
}

function row({ section, side, says, proof, note }: Statement): string {
  const cells = [section, SIDES[side], says, proofs(proof ?? []), note ?? ""];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function proofs(all: readonly string[]): string {
  return all
    .map((proof) => {
      const { file, title } = readProof(proof);
      return `\`${file.slice(file.lastIndexOf("/") + 1)}\`: ${title}`;
    })
    .join("<br>");
}

/** Reads `file: name`. */
export function readProof(proof: string): { readonly file: string; readonly title: string } {
  const colon = proof.indexOf(": ");
  return { file: FILES[proof.slice(0, colon)] ?? "", title: proof.slice(colon + 2) };
}
