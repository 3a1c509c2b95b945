const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const BYTE_ORDER_MARK = "\uFEFF";

/**
 * The text of a payload (Homie 5.0 "Payloads").
 * @returns undefined when it is not UTF-8, or begins with a byte order mark.
 */
export function textOf({ payload }: { readonly payload: Uint8Array }): string | undefined {
  try {
    const text = utf8.decode(payload);
    return text.startsWith(BYTE_ORDER_MARK) ? undefined : text;
  } catch {
    return undefined; // Not UTF-8: the caller says so where it matters.
  }
}
