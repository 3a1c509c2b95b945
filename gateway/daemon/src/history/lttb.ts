/**
 * Largest-Triangle-Three-Buckets (S. Steinarsson, "Downsampling Time Series for Visual Representation", University of
 * Iceland, 2013): of each stretch the point that makes the largest triangle with the point chosen before and the middle
 * of the stretch behind. What catches the eye stays.
 * @param count of points to keep, at least 3.
 * @returns the places that stay, rising; all when there are no more than `count`. The first and the last always stay.
 */
export function lttb(times: readonly number[], values: readonly number[], count: number): number[] {
  const length = Math.min(times.length, values.length);
  if (length <= count || count < 3) return Array.from({ length }, (_, place) => place);
  const places = [0];
  const every = (length - 2) / (count - 2);
  let chosen = 0;
  for (let stretch = 0; stretch < count - 2; stretch++) {
    const begin = Math.floor(stretch * every) + 1;
    const end = Math.floor((stretch + 1) * every) + 1;
    const next = middle(times, values, end, Math.min(Math.floor((stretch + 2) * every) + 1, length));
    const [time, value] = [times[chosen] ?? 0, values[chosen] ?? 0];
    let [best, area] = [begin, -1];
    for (let place = begin; place < end; place++) {
      const found = Math.abs(
        (time - next.time) * ((values[place] ?? 0) - value) -
          (time - (times[place] ?? 0)) * (next.value - value),
      );
      if (found <= area) continue;
      [best, area] = [place, found];
    }
    places.push(best);
    chosen = best;
  }
  places.push(length - 1);
  return places;
}

function middle(
  times: readonly number[],
  values: readonly number[],
  begin: number,
  end: number,
): { readonly time: number; readonly value: number } {
  let [time, value] = [0, 0];
  for (let place = begin; place < end; place++) {
    time += times[place] ?? 0;
    value += values[place] ?? 0;
  }
  const count = Math.max(1, end - begin);
  return { time: time / count, value: value / count };
}
