import type { PropertiesOf, PropertyHome, UserProperty } from "./properties.ts";
import { PROPERTY_TABLE, type PropertyForm, type PropertyRow, propertiesIn } from "./property-table.ts";
import { ByteCounter, type Sink } from "./sink.ts";

type Value = boolean | number | string | Buffer | UserProperty;

/** The rows of each home in the order of the table. */
const ROWS = new Map<PropertyHome, readonly PropertyRow[]>();

/**
 * Writes the properties of a packet of MQTT 5.0 with their length. Those that the home does not allow are left out, so
 * that an object with more in it does no harm.
 * @throws {RangeError} when a value is too long for the wire.
 */
export function writeProperties<Home extends PropertyHome>(
  sink: Sink,
  home: Home,
  properties: PropertiesOf[Home],
): void {
  const counter = new ByteCounter();
  writeRows(counter, home, properties);
  sink.variable(counter.length);
  if (counter.length > 0) writeRows(sink, home, properties);
}

/** Whether there is anything to write: some packets may leave out even the length when there is not. */
export function hasProperties(properties: PropertiesOf[PropertyHome]): boolean {
  for (const name in properties) {
    const value: unknown = properties[name as keyof typeof properties];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) return true;
  }
  return false;
}

function writeRows(sink: Sink, home: PropertyHome, properties: PropertiesOf[PropertyHome]): void {
  const values = properties as Readonly<Record<string, Value | readonly Value[] | undefined>>;
  for (const { id, name, form, many } of rowsOf(home)) {
    const value = values[name];
    if (value === undefined) continue;
    for (const single of many ? (value as readonly Value[]) : [value as Value]) {
      sink.byte(id);
      writeValue(sink, form, single);
    }
  }
}

function writeValue(sink: Sink, form: PropertyForm, value: Value): void {
  switch (form) {
    case "boolean":
      sink.byte(value === true ? 1 : 0);
      break;
    case "byte":
      sink.byte(value as number);
      break;
    case "two-bytes":
      sink.twoBytes(value as number);
      break;
    case "four-bytes":
      sink.fourBytes(value as number);
      break;
    case "variable":
      sink.variable(value as number);
      break;
    case "text":
    case "topic":
      sink.text(value as string);
      break;
    case "binary":
      sink.binary(value as Buffer);
      break;
    case "pair": {
      const [name, text] = value as UserProperty;
      sink.text(name);
      sink.text(text);
      break;
    }
  }
}

function rowsOf(home: PropertyHome): readonly PropertyRow[] {
  let rows = ROWS.get(home);
  if (rows === undefined) {
    const allowed = new Set(propertiesIn(home));
    rows = PROPERTY_TABLE.filter((row) => allowed.has(row));
    ROWS.set(home, rows);
  }
  return rows;
}
