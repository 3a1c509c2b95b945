import type { Operation } from "@tram/core";

/** An operation that was checked, with its value as JSON text. */
export type EncodedOperation =
  | { readonly op: "put"; readonly table: string; readonly key: string; readonly text: string }
  | { readonly op: "delete"; readonly table: string; readonly key: string }
  | { readonly op: "append"; readonly log: string; readonly seq: number; readonly text: string }
  | { readonly op: "remove"; readonly log: string; readonly seq: number };

const NAME = /^[a-z0-9-]+$/;

/**
 * Checks an operation and encodes its value; the caller may change it afterwards.
 * @throws {TypeError} for what no caller may ask: a name outside `a-z0-9-`, a key that is not well-formed Unicode, a
 * position that is not a whole number above 0, a value that is not JSON.
 */
export function encodeOperation(operation: Operation): EncodedOperation {
  switch (operation.op) {
    case "put": {
      const { op, table, key, value } = operation;
      checkEntry(table, key);
      return { op, table, key, text: toText(value, `${table}/${key}`) };
    }
    case "delete": {
      const { op, table, key } = operation;
      checkEntry(table, key);
      return { op, table, key };
    }
    case "append": {
      const { op, log, seq, value } = operation;
      checkRow(log, seq);
      return { op, log, seq, text: toText(value, `${log}[${seq}]`) };
    }
    case "remove": {
      const { op, log, seq } = operation;
      checkRow(log, seq);
      return { op, log, seq };
    }
    default:
      throw new TypeError(`unknown operation: ${JSON.stringify(operation satisfies never)}`);
  }
}

function checkEntry(table: string, key: string): void {
  checkName(table);
  // SQLite keeps UTF-8: lone surrogates would all become the same replacement character, and keys with them one key.
  if (typeof key !== "string" || !key.isWellFormed())
    throw new TypeError(`${table}: the key is not well-formed`);
}

function checkRow(log: string, seq: number): void {
  checkName(log);
  if (!Number.isSafeInteger(seq) || seq < 1) throw new TypeError(`${log}: ${seq} is no position`);
}

function checkName(name: string): void {
  if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a table or log`);
}

function toText(value: unknown, where: string): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`${where}: a ${typeof value} is not JSON`);
  return text;
}
