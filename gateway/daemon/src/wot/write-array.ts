import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";

/** Writes items as a JSON array, one after the other as the other end takes them: the whole may be many megabytes. */
export function writeArray(response: ServerResponse, items: Iterable<object>): void {
  const parts = (function* () {
    let before = "[";
    for (const item of items) {
      yield `${before}${JSON.stringify(item)}`;
      before = ",\n";
    }
    yield before === "[" ? "[]" : "]";
  })();
  const source = Readable.from(parts, { objectMode: true, highWaterMark: 1 });
  // The rest of a list that broke off must not look like all of it.
  source.on("error", () => response.destroy());
  response.once("close", () => source.destroy());
  source.pipe(response);
}
