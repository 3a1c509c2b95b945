/**
 * Folds a text for search: lower case, without diacritics. `đ` is a letter of its own in Unicode and does not
 * decompose, so it is folded by hand: `Đèn phòng ngủ` → `den phong ngu`.
 */
export function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("đ", "d");
}

/** True when each word of the query occurs in the text. Both are folded already. */
export function matches(foldedText: string, foldedQuery: string): boolean {
  return foldedQuery.split(/\s+/).every((word) => foldedText.includes(word));
}
