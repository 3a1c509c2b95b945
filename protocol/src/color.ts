/** Homie 5.0 "Color": the ways to write one. */
export const COLOR_FORMATS = ["rgb", "hsv", "xyz"] as const;
export type ColorFormat = (typeof COLOR_FORMATS)[number];

/** Largest value of each component, all from 0 on. Of `xyz` only x and y travel: z is what is missing to 1. */
const LARGEST: Readonly<Record<ColorFormat, readonly number[]>> = {
  rgb: [255, 255, 255],
  hsv: [360, 100, 100],
  xyz: [1, 1],
};
const COMPONENT = /^\d{1,32}(?:\.\d{1,32})?(?:[eE][+-]?\d{1,4})?$/;

/** Tells whether a text is a colour such as `rgb,255,100,0`, in one of the formats. */
export function isColor(text: string, formats: readonly ColorFormat[] = COLOR_FORMATS): boolean {
  const [name, ...components] = text.split(",", 5);
  const format = formats.find((each) => each === name);
  if (format === undefined) return false;
  const largest = LARGEST[format];
  return (
    components.length === largest.length &&
    components.every((part, index) => COMPONENT.test(part) && Number(part) <= (largest[index] ?? 0))
  );
}
