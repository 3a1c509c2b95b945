import type { NewCloud } from "@tram/protocol";
import type { ApiProblem } from "../api/client.ts";
import type { PlainKey } from "../i18n/catalogue.ts";
import { type CloudKind, type FieldSpec, fieldsOf } from "./cloud-kinds.ts";

/** A file of keys that was read and found good. Its text is shown nowhere. */
export interface HeldPem {
  /** Of the file; none where it was pasted. */
  readonly name: string | undefined;
  readonly text: string;
  /** Certificates in it, or one key. */
  readonly count: number;
}

/** A name and a value while they are edited. */
export interface Pair {
  /** Stays while the name changes. */
  readonly row: number;
  readonly name: string;
  readonly value: string;
}

export type FieldValue = string | HeldPem | readonly Pair[] | undefined;

/** What was entered, by the places of the fields. */
export type CloudEntry = Readonly<Record<string, FieldValue>>;

/** An entry with nothing but what is usual. @param taken ids of the clouds that are there. */
export function freshEntry(kind: CloudKind, taken: Iterable<string>): CloudEntry {
  const usual = fieldsOf(kind).flatMap((field): readonly (readonly [string, FieldValue])[] => {
    if (field.at === "id") return [["id", freeId(kind.usualId, new Set(taken))]];
    if (field.type === "number") return [[field.at, String(field.offers[0])]];
    if (field.type === "pairs") return [[field.at, [EMPTY_PAIR]]];
    return [];
  });
  return Object.fromEntries(usual);
}

const EMPTY_PAIR: Pair = { row: 0, name: "", value: "" };

export function withNewPair(pairs: readonly Pair[]): readonly Pair[] {
  return [...pairs, { ...EMPTY_PAIR, row: Math.max(0, ...pairs.map(({ row }) => row + 1)) }];
}

/** What is wrong with the entry as far as this page can tell, by the places of the fields. */
export function faultsOf(fields: readonly FieldSpec[], entry: CloudEntry): ReadonlyMap<string, PlainKey> {
  return new Map(
    fields.flatMap((field): readonly (readonly [string, PlainKey])[] => {
      const wrong = faultOf(field, entry[field.at]);
      return wrong === undefined ? [] : [[field.at, wrong]];
    }),
  );
}

function faultOf(field: FieldSpec, value: FieldValue): PlainKey | undefined {
  if (isEmpty(value)) return field.optional ? undefined : "cloud.add.missing";
  if (field.type === "text") {
    return field.form?.pattern.test(textOf(value)) === false ? field.form.wrong : undefined;
  }
  if (field.type === "number") {
    const number = /^\d{1,9}$/.test(textOf(value)) ? Number(textOf(value)) : Number.NaN;
    return number >= field.from && number <= field.to ? undefined : "cloud.add.numberWrong";
  }
  if (field.type === "pairs") {
    const names = pairsOf(value).map(({ name }) => name.trim());
    if (names.includes("")) return "cloud.add.pairNameless";
    return new Set(names).size < names.length ? "cloud.add.pairTwice" : undefined;
  }
  return undefined;
}

/** The request that says the entry. It holds secrets: it goes to the gateway, and nowhere else. */
export function requestOf(kind: CloudKind, entry: CloudEntry): NewCloud {
  return { provider: kind.provider, ...membersOf(fieldsOf(kind), entry) } as unknown as NewCloud;
}

/** What was entered, as the gateway wants it. */
export function membersOf(
  fields: readonly FieldSpec[],
  entry: CloudEntry,
): Readonly<Record<string, unknown>> {
  const members: Record<string, unknown> = {};
  for (const field of fields) {
    const value = entry[field.at];
    if (!isEmpty(value)) put(members, field.at.split("."), sentAs(field, value));
  }
  return members;
}

function sentAs(field: FieldSpec, value: FieldValue): unknown {
  switch (field.type) {
    case "text":
      return textOf(value);
    case "number":
      return Number(textOf(value));
    // Spaces may be part of a password.
    case "secret":
      return value;
    case "pem":
      return (value as HeldPem).text;
    case "pairs":
      return Object.fromEntries(pairsOf(value).map((pair) => [pair.name.trim(), pair.value.trim()]));
  }
}

function put(into: Record<string, unknown>, [key = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) into[key] = value;
  else {
    into[key] ??= {};
    put(into[key] as Record<string, unknown>, rest, value);
  }
}

/** What the gateway has refused, at the fields that it names; what it says of no field is left out. */
export function refusedFields(
  fields: readonly FieldSpec[],
  { errors }: Pick<ApiProblem, "errors">,
): ReadonlyMap<string, string> {
  return new Map(
    errors.flatMap(({ path, problem }): readonly (readonly [string, string])[] => {
      const field = fields.find(({ at }) => path === at || path.startsWith(`${at}.`));
      return field === undefined ? [] : [[field.at, problem]];
    }),
  );
}

/** `aws`, or `aws-2` where there is one. */
function freeId(usual: string, taken: ReadonlySet<string>): string {
  if (!taken.has(usual)) return usual;
  for (let number = 2; ; number++) if (!taken.has(`${usual}-${number}`)) return `${usual}-${number}`;
}

function isEmpty(value: FieldValue): boolean {
  if (value === undefined) return true;
  if (typeof value === "string") return value.trim() === "";
  return Array.isArray(value) && pairsOf(value).length === 0;
}

function textOf(value: FieldValue): string {
  return typeof value === "string" ? value.trim() : "";
}

/** Those of which anything was entered. */
function pairsOf(value: FieldValue): readonly Pair[] {
  const pairs = Array.isArray(value) ? (value as readonly Pair[]) : [];
  return pairs.filter(({ name, value: said }) => name.trim() !== "" || said.trim() !== "");
}
