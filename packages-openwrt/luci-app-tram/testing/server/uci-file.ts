export type UciValues = Record<string, string | string[]>;

export interface UciSection {
  readonly type: string;
  readonly values: UciValues;
}

/** Reads a UCI file with named sections. */
export function readUci(text: string): Map<string, UciSection> {
  const sections = new Map<string, UciSection>();
  let values: UciValues = {};
  for (const line of text.split("\n")) {
    const [, word, name = "", quoted = ""] = /^\s*(config|option|list)\s+(\S+)\s+(.*?)\s*$/.exec(line) ?? [];
    const value = quoted.replace(/^'(.*)'$/, "$1").replaceAll("'\\''", "'");
    if (word === "config") {
      values = {};
      sections.set(value, { type: name, values });
    } else if (word === "option") values[name] = value;
    else if (word === "list") {
      const list = values[name];
      values[name] = Array.isArray(list) ? [...list, value] : [value];
    }
  }
  return sections;
}

/** Writes it as `uci commit` does. */
export function writeUci(sections: ReadonlyMap<string, UciSection>): string {
  const quote = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;
  return [...sections]
    .flatMap(([name, { type, values }]) => [
      "",
      `config ${type} ${quote(name)}`,
      ...Object.entries(values).flatMap(([option, value]) =>
        Array.isArray(value)
          ? value.map((one) => `\tlist ${option} ${quote(one)}`)
          : [`\toption ${option} ${quote(value)}`],
      ),
    ])
    .concat("")
    .join("\n");
}
