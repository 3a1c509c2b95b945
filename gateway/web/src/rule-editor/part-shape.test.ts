import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyRule, branchesOf } from "./any-rule.fixture.ts";
import { isPart, type Part, valueAt, withPath } from "./document.ts";
import { effectiveWeek, fieldsOf, kindOf, specOf } from "./part-shape.ts";
import { HEAD_FIELDS, KINDS, type Role } from "./part-specs.ts";

const ROLES = [
  ["triggers", "trigger"],
  ["conditions", "condition"],
  ["actions", "action"],
] as const;
const BESIDES = ["id", "title", "description", "mode", "enabled", "triggers", "conditions", "actions"];

/** All parts of a rule, those inside of others included. */
function partsIn(role: Role, list: unknown): readonly (readonly [Role, Part])[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((part): readonly (readonly [Role, Part])[] => {
    if (!isPart(part)) return [];
    const inner = Object.entries(part).flatMap(([key, value]) => {
      if (key === "choose" && Array.isArray(value))
        return value.flatMap((branch) => [
          ...partsIn("conditions", branch.when),
          ...partsIn("actions", branch.do),
        ]);
      if (key === "parallel" && Array.isArray(value)) return value.flatMap((one) => partsIn("actions", one));
      if (key === "not") return partsIn("conditions", [value]);
      if (key === "repeat" && isPart(value)) return partsIn("conditions", value.while ?? value.until);
      if (key === "wait_for") return partsIn("triggers", value);
      if (["then", "else", "do", "sequence"].includes(key)) return partsIn("actions", value);
      return ["if", "and", "or", "wait_until", "condition"].includes(key) ? partsIn("conditions", value) : [];
    });
    return [[role, part], ...inner];
  });
}

/** What the fields alone say. */
function rebuilt(fields: ReturnType<typeof fieldsOf>): Part {
  return fields
    .filter(({ type, value }) => type !== "how" && value !== undefined)
    .reduce<Part>((part, { at, value }) => withPath(part, at, value), {});
}

describe("the form of a part", () => {
  it.each(ROLES)(
    "of %s knows every kind of the language, and each of its keys by name",
    (role, definition) => {
      const branches = branchesOf(definition);
      expect(branches.length).toBeGreaterThan(10);
      expect(Object.keys(KINDS[role]).sort()).toEqual(
        branches.map(({ required }) => required?.[0] ?? "").sort(),
      );
      for (const { properties = {}, required = [] } of branches) {
        const kind = required[0] ?? "";
        const named = specOf(role, kind).fields.map(({ at }) => at);
        for (const [key, inner] of Object.entries(properties)) {
          const below = Object.keys(inner.properties ?? {}).map((one) => `${key}.${one}`);
          for (const at of below.length === 0 || named.includes(key) ? [key] : below)
            expect(
              named.some((one) => one === at || one.startsWith(`${at}.`)),
              `${role} ${kind} ${at}`,
            ).toBe(true);
        }
      }
    },
  );

  it("begins as its own kind with fields for all that it holds", () => {
    for (const [role] of ROLES) {
      for (const [kind, { fresh, fields }] of Object.entries(KINDS[role])) {
        expect(kindOf(role, fresh), `${role} ${kind}`).toBe(kind);
        expect(
          fieldsOf(fresh, fields).filter(({ label }) => label === undefined),
          `${role} ${kind}`,
        ).toEqual([]);
      }
    }
  });

  it("shows everything of any rule, and names nearly all of it", () => {
    fc.assert(
      fc.property(anyRule, (rule) => {
        for (const [role, part] of ROLES.flatMap(([list]) => partsIn(list, rule[list]))) {
          const kind = kindOf(role, part);
          expect(kind, JSON.stringify(part)).toBeDefined();
          const fields = fieldsOf(part, specOf(role, kind ?? "").fields);
          const empty = isPart(part[kind ?? ""]) && Object.keys(part[kind ?? ""] as Part).length === 0;
          expect(empty ? { [kind ?? ""]: {}, ...rebuilt(fields) } : rebuilt(fields)).toEqual(part);
          expect(fields.filter(({ label }) => label === undefined)).toEqual([]);
        }
        const head = Object.fromEntries(Object.entries(rule).filter(([key]) => !BESIDES.includes(key)));
        expect(rebuilt(fieldsOf(rule, HEAD_FIELDS, BESIDES))).toEqual(head);
      }),
      { numRuns: 150 },
    );
  });

  it("changes nothing where a field is given what it shows, and nothing else where it is given something new", () => {
    fc.assert(
      fc.property(anyRule, fc.nat(), (rule, pick) => {
        const parts = ROLES.flatMap(([list]) => partsIn(list, rule[list]));
        const [role, part] = parts[pick % parts.length] ?? ["actions", {}];
        const fields = fieldsOf(part, specOf(role, kindOf(role, part) ?? "").fields);
        const written = fields.filter(({ value }) => value !== undefined);
        for (const { at, value } of written) {
          expect(JSON.stringify(withPath(part, at, value))).toBe(JSON.stringify(part));
          const changed = withPath(part, at, "new");
          for (const other of written.filter((one) => one.at !== at && !one.at.startsWith(`${at}.`)))
            if (!at.startsWith(`${other.at}.`)) expect(valueAt(changed, other.at)).toEqual(other.value);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("shows as YAML what its controls could not", () => {
    const typeAt = (role: Role, part: Part, at: string) =>
      fieldsOf(part, specOf(role, kindOf(role, part) ?? "").fields).find((field) => field.at === at);
    expect(typeAt("triggers", { state: "x" }, "state")).toMatchObject({ type: "raw", value: "x" });
    expect(typeAt("triggers", { numeric: { property: "a/b/c", abov: 3 } }, "numeric.abov")).toMatchObject({
      type: "raw",
      value: 3,
    });
    expect(typeAt("triggers", { time: { at: ["x"], odd: 1 } }, "time")).toMatchObject({ type: "raw" });
    expect(typeAt("actions", { notify: "x", to: ["a, b"] }, "to")).toMatchObject({ type: "raw" });
    expect(typeAt("conditions", { sun: { after: {} } }, "sun.after")).toMatchObject({ type: "raw" });
    expect(typeAt("actions", { delay: 5 }, "delay")).toMatchObject({ type: "raw", value: 5 });
    expect(kindOf("triggers", "sunrise")).toBeUndefined();
  });

  it("knows what holds on each day of a weekly table", () => {
    const week = effectiveWeek({
      daily: ["06:00-07:00"],
      weekend: ["22:00-02:00"],
      mon: ["23:00-24:00", "x"],
    });
    expect(week.mon).toEqual([
      [360, 420],
      [1_380, 1_440],
      [0, 120],
    ]);
    expect(week.sat).toEqual([
      [360, 420],
      [1_320, 1_440],
    ]);
    expect(week.tue).toEqual([[360, 420]]);
  });
});
