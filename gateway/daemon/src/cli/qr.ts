import { encodeQR } from "qr";

/** Light modules around the code, so that a camera finds it (ISO/IEC 18004 §9.1 wants 4; 2 do on a screen). */
const MARGIN = { terminal: 2, svg: 4 } as const;

const FULL = "\u2588";
const UPPER = "\u2580";
const LOWER = "\u2584";

/** A QR code as a square of modules; `true` is dark. */
export type Modules = readonly (readonly boolean[])[];

/** The modules of a QR code with some light ones around, at error correction M (15 %). */
export function qrModules(text: string, margin: number = MARGIN.terminal): Modules {
  return encodeQR(text, "raw", { ecc: "medium", border: margin });
}

/**
 * Draws a QR code with half blocks, two modules in a character. Light modules are drawn, dark ones left out: that is
 * right on a dark terminal, and cameras of today read the negative on a light one.
 */
export function qrForTerminal(text: string): readonly string[] {
  const modules = qrModules(text);
  const lines: string[] = [];
  for (let row = 0; row < modules.length; row += 2) {
    const upper = modules[row] ?? [];
    // Below the last of an odd number of rows there is margin.
    const lower = modules[row + 1] ?? upper.map(() => false);
    lines.push(upper.map((dark, column) => block(!dark, lower[column] !== true)).join(""));
  }
  return lines;
}

function block(upper: boolean, lower: boolean): string {
  if (upper) return lower ? FULL : UPPER;
  return lower ? LOWER : " ";
}

/** A QR code as an SVG document, 8 units a module. */
export function qrAsSvg(text: string): string {
  const modules = qrModules(text, MARGIN.svg);
  const size = modules.length;
  const path = modules
    .flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])))
    .join("");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size * 8}" height="${size * 8}" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">`,
    `<rect width="${size}" height="${size}" fill="#fff"/>`,
    `<path d="${path}" fill="#000"/>`,
    "</svg>",
    "",
  ].join("\n");
}
