/** A piece of a stream. */
export interface Piece {
  readonly bytes: Buffer;
  /** Nothing follows. */
  readonly last: boolean;
}

/**
 * Cuts a stream into pieces of given sizes. The last one may be shorter; of an empty stream it is empty.
 * @param sizeOf length of the piece with a number, counted from 0. In bytes, above 0.
 */
export async function* regroup(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  sizeOf: (number: number) => number,
): AsyncGenerator<Piece> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  let number = 0;
  for await (const part of source) {
    if (part.length === 0) continue;
    waiting.push(part);
    bytes += part.length;
    // A full piece is held back until something follows: it might be the last.
    if (bytes <= sizeOf(number)) continue;
    let rest = Buffer.concat(waiting);
    for (let size = sizeOf(number); rest.length > size; size = sizeOf(number)) {
      number++;
      yield { bytes: rest.subarray(0, size), last: false };
      rest = rest.subarray(size);
    }
    waiting = [rest];
    bytes = rest.length;
  }
  yield { bytes: Buffer.concat(waiting), last: true };
}
