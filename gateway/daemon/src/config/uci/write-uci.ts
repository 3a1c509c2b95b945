import { UCI_NAME, type UciSection } from "./section.ts";

/** Writes sections as the text of a UCI file, in the form that `uci export` gives it. */
export function writeUci(sections: readonly UciSection[]): string {
  return sections.map(sectionText).join("\n");
}

function sectionText({ type, name, options }: UciSection): string {
  const lines = [`config ${word(type)}${name === undefined ? "" : ` '${name}'`}\n`];
  for (const [option, value] of options) {
    if (typeof value === "string") lines.push(`\toption ${option} ${quoted(value)}\n`);
    else for (const entry of value) lines.push(`\tlist ${option} ${quoted(entry)}\n`);
  }
  return lines.join("");
}

function word(text: string): string {
  return UCI_NAME.test(text) ? text : quoted(text);
}

/** Inside single quotes nothing is special but they themselves. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
