/**
 * The value of a message as the property's type wants it. Texts come from inject nodes, dashboards and other brokers:
 * `"21.5"` is a number where a number is wanted. What does not fit stays as it is, for the gateway to say why it refuses.
 * @param type of WoT TD 1.1 §5.3.2, where it is known.
 */
export function typedValue(value: unknown, type: string | undefined): unknown {
  if (typeof value !== "string" || type === undefined || type === "string") return value;
  let read: unknown;
  try {
    read = JSON.parse(value);
  } catch {
    return value;
  }
  return typeOf(read, type) ? read : value;
}

function typeOf(value: unknown, type: string): boolean {
  switch (type) {
    case "boolean":
      return typeof value === "boolean";
    case "number":
      return typeof value === "number";
    case "integer":
      return Number.isSafeInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      // An `object` may as well be an array, where the description says so.
      return typeof value === "object" && value !== null;
    default:
      return false;
  }
}
