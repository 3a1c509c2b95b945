/** The forms of Homie 5.0 "Color". */
export type ColorKind = "rgb" | "hsv" | "xyz";

/** Homie 5.0 "Color" of its parts: red, green, blue; hue and saturation; x and y. */
export function homieColor(kind: ColorKind, [a = 0, b = 0, c = 0]: readonly number[]): string {
  if (kind === "rgb") return `rgb,${Math.round(a)},${Math.round(b)},${Math.round(c)}`;
  if (kind === "hsv") return `hsv,${Math.round(a)},${Math.round(b)},100`;
  return `xyz,${a},${b}`;
}

/** The same back, from whatever form the colour is given in. */
export function partsOfColor(color: string, kind: ColorKind): readonly number[] {
  const [form, ...numbers] = color.split(",");
  const parts = numbers.map(Number);
  if (form === kind) return kind === "rgb" ? parts : parts.slice(0, 2);
  const rgb = form === "rgb" ? parts : form === "hsv" ? rgbOfHsv(parts) : rgbOfXy(parts);
  if (kind === "rgb") return rgb.map(Math.round);
  return kind === "hsv" ? hsOfRgb(rgb) : xyOfRgb(rgb);
}

function rgbOfHsv([hue = 0, saturation = 0, value = 100]: readonly number[]): readonly number[] {
  const chroma = (value / 100) * (saturation / 100);
  const channel = (offset: number): number => {
    const k = (offset + hue / 60) % 6;
    return 255 * (value / 100 - chroma * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}

function hsOfRgb([red = 0, green = 0, blue = 0]: readonly number[]): readonly number[] {
  const most = Math.max(red, green, blue);
  const span = most - Math.min(red, green, blue);
  if (span === 0) return [0, 0];
  const sixth =
    most === red
      ? ((green - blue) / span + 6) % 6
      : most === green
        ? (blue - red) / span + 2
        : (red - green) / span + 4;
  return [Math.round(sixth * 60) % 360, Math.round((span / most) * 100)];
}

/** sRGB and CIE 1931 with the white of D65 (IEC 61966-2-1), at full brightness. */
function xyOfRgb(rgb: readonly number[]): readonly number[] {
  const [red = 0, green = 0, blue = 0] = rgb.map((part) => linear(part / 255));
  const x = 0.4124 * red + 0.3576 * green + 0.1805 * blue;
  const y = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const z = 0.0193 * red + 0.1192 * green + 0.9505 * blue;
  const sum = x + y + z;
  return sum === 0 ? [0.3127, 0.329] : [round4(x / sum), round4(y / sum)];
}

function rgbOfXy([x = 0.3127, y = 0.329]: readonly number[]): readonly number[] {
  if (y === 0) return [255, 255, 255];
  const [bigX, bigZ] = [x / y, (1 - x - y) / y];
  const parts = [
    3.2406 * bigX - 1.5372 - 0.4986 * bigZ,
    -0.9689 * bigX + 1.8758 + 0.0415 * bigZ,
    0.0557 * bigX - 0.204 + 1.057 * bigZ,
  ].map((part) => Math.max(0, part));
  const most = Math.max(...parts);
  return parts.map((part) => Math.round(255 * gamma(most === 0 ? 1 : part / most)));
}

function linear(part: number): number {
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

function gamma(part: number): number {
  return part <= 0.0031308 ? 12.92 * part : 1.055 * part ** (1 / 2.4) - 0.055;
}

function round4(number: number): number {
  return Math.round(number * 10_000) / 10_000;
}

/** Devices count colours in steps of their own. */
const COLOR_STEP = 6;

/**
 * Whether two colours are the same to the eye, whatever form they are given in. How bright they are is another property
 * of a light.
 */
export function isSameColor(wanted: unknown, reported: unknown): boolean {
  const [a = [], b = []] = [wanted, reported].map((color) => brightest(partsOfColor(String(color), "rgb")));
  return a.length > 0 && a.every((part, index) => Math.abs(part - (b[index] ?? Number.NaN)) <= COLOR_STEP);
}

function brightest(rgb: readonly number[]): readonly number[] {
  const most = Math.max(...rgb);
  return most > 0 ? rgb.map((part) => (255 * part) / most) : rgb;
}

/** Kelvins are a million divided by mireds. @returns undefined for what is no colour temperature. */
export function kelvinOfMired(mired: number): number | undefined {
  return Number.isFinite(mired) && mired > 0 ? Math.round(1e6 / mired) : undefined;
}

export function miredOfKelvin(kelvin: number): number {
  return Math.round(1e6 / kelvin);
}

/** Devices that count in mireds cannot tell kelvins apart that are in the same one. */
export function isSameKelvin(wanted: unknown, reported: unknown): boolean {
  return Math.abs(1e6 / Number(wanted) - 1e6 / Number(reported)) <= 1;
}
