import type { PacketReader } from "./packet-reader.ts";
import { NO_PROPERTIES, type PropertiesOf, type PropertyHome, type UserProperty } from "./properties.ts";
import { isPropertyId, type PropertyRow, propertiesIn } from "./property-table.ts";

type Value = boolean | number | string | Buffer | UserProperty;

/**
 * The properties of a packet of MQTT 5.0, with their length (§2.2.2). Order is kept within a list alone; nothing in
 * the specification depends on the order of different properties.
 */
export function readProperties<Home extends PropertyHome>(
  reader: PacketReader,
  home: Home,
): PropertiesOf[Home] {
  const length = reader.variable();
  if (length === 0) return NO_PROPERTIES as PropertiesOf[Home];
  const { end, shortage } = reader;
  if (reader.at + length > end) throw reader.violation(shortage);
  reader.end = reader.at + length;
  reader.shortage = "properties-truncated";
  const properties = readRows(reader, home);
  reader.end = end;
  reader.shortage = shortage;
  return properties as PropertiesOf[Home];
}

function readRows(reader: PacketReader, home: PropertyHome): Record<string, Value | Value[]> {
  const rows = propertiesIn(home);
  const properties: Record<string, Value | Value[]> = {};
  while (!reader.atEnd) {
    const id = reader.variable();
    const row = rows[id];
    if (row === undefined) {
      throw reader.violation(isPropertyId(id) ? "property-misplaced" : "property-unknown", {
        about: `0x${id.toString(16).padStart(2, "0")} in ${home}`,
      });
    }
    const before = properties[row.name];
    if (before !== undefined && !row.many) {
      throw reader.violation("property-twice", { about: row.name, clause: row.clause });
    }
    const value = readValue(reader, row);
    if (!row.many) properties[row.name] = value;
    else if (before === undefined) properties[row.name] = [value];
    else (before as Value[]).push(value);
  }
  return properties;
}

function readValue(reader: PacketReader, row: PropertyRow): Value {
  switch (row.form) {
    case "boolean":
      return ranged(reader, row, reader.byte()) === 1;
    case "byte":
      return ranged(reader, row, reader.byte());
    case "two-bytes":
      return ranged(reader, row, reader.twoBytes());
    case "four-bytes":
      return ranged(reader, row, reader.fourBytes());
    case "variable":
      return ranged(reader, row, reader.variable());
    case "text":
      return reader.text();
    case "topic": {
      const topic = reader.topicName("response-topic-wildcard");
      if (topic === "") throw reader.violation("topic-empty", { about: row.name });
      return topic;
    }
    case "binary":
      return reader.binary();
    case "pair":
      return [reader.text(), reader.text()];
  }
}

function ranged(reader: PacketReader, row: PropertyRow, value: number): number {
  const { name, clause, minimum = 0, maximum = Number.POSITIVE_INFINITY } = row;
  if (value >= minimum && value <= maximum) return value;
  throw reader.violation("property-range", { about: `${name} ${value}`, clause });
}
