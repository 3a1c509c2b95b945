/** A field of raw bytes: a byte, or several. */
export type RawField = number | Buffer;

/** A packet of raw bytes with the remaining length that belongs to them (up to 16,383). */
export function raw(first: number, ...fields: readonly RawField[]): Buffer {
  const body = bytes(...fields);
  const { length } = body;
  const head = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return Buffer.concat([Buffer.from([first, ...head]), body]);
}

/** Fields one behind the other. */
export function bytes(...fields: readonly RawField[]): Buffer {
  return Buffer.concat(fields.map((field) => (typeof field === "number" ? Buffer.from([field]) : field)));
}

/** A string, or bytes that claim to be one, with a length of two bytes before it. */
export function text(content: string | Buffer): Buffer {
  const body = Buffer.from(content);
  return bytes(body.length >> 8, body.length & 0xff, body);
}

/** Properties with their length (up to 127 bytes). */
export function properties(...fields: readonly RawField[]): Buffer {
  const body = bytes(...fields);
  return bytes(body.length, body);
}

/** A CONNECT with these flags, a keep-alive of 60 s, and in 5.0 the properties first. */
export function rawConnect(level: 4 | 5, flags: number, ...fields: readonly RawField[]): Buffer {
  return raw(0x10, text("MQTT"), level, flags, 0, 60, ...fields);
}
