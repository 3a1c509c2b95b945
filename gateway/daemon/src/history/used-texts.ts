/** The texts that are really named, and the places moved to fit: NaN stays. */
export function usedTexts(
  texts: readonly string[],
  places: readonly number[],
): { readonly texts: string[]; readonly places: number[] } {
  const moved = new Map<number, number>();
  const used: string[] = [];
  const fitted = places.map((place) => {
    if (Number.isNaN(place)) return place;
    const known = moved.get(place) ?? used.push(texts[place] ?? "null") - 1;
    moved.set(place, known);
    return known;
  });
  return { texts: used, places: fitted };
}
