type Check = (value: string) => string | undefined;

const isNumber = (value: string): boolean => /^-?\d+(?:\.\d+)?$/.test(value);

const TYPES: Readonly<Record<string, (args: readonly string[]) => Check>> = {
  port: () => (value) => (/^\d+$/.test(value) && Number(value) <= 65_535 ? undefined : "valid port value"),
  float: () => (value) => (isNumber(value) ? undefined : "valid decimal value"),
  host: () => (value) => (/^[A-Za-z0-9.:_-]+$/.test(value) ? undefined : "valid hostname or IP address"),
  maxlength:
    ([most = "0"]) =>
    (value) =>
      value.length <= Number(most) ? undefined : `value with at most ${most} characters`,
  range:
    ([least = "0", most = "0"]) =>
    (value) =>
      isNumber(value) && Number(value) >= Number(least) && Number(value) <= Number(most)
        ? undefined
        : `value between ${least} and ${most}`,
  and: (args) => {
    const checks = args.map(datatype);
    return (value) => checks.map((check) => check(value)).find((problem) => problem !== undefined);
  },
};

/**
 * Reads a data type such as `and(float,range(-90,90))`.
 * @returns a check that answers with what was expected, or nothing.
 * @throws {Error} when the type is none that LuCI documents, or not known here.
 */
export function datatype(text: string): Check {
  const [, name = "", inside] = /^([a-z0-9]+)(?:\((.*)\))?$/.exec(text) ?? [];
  const make = TYPES[name];
  if (make === undefined) throw new Error(`no such data type: ${text}`);
  return make(inside === undefined ? [] : splitArguments(inside));
}

/** At the commas that are in no parentheses. */
function splitArguments(text: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const character of text) {
    if (character === "(") depth++;
    if (character === ")") depth--;
    if (character === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}
