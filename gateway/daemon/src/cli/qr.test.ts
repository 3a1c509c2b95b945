import decodeQR from "qr/decode.js";
import { expect, test } from "vitest";
import { type Modules, qrAsSvg, qrForTerminal, qrModules } from "./qr.ts";

const URI = "mqtt://pair:7KQ-M2R-X9D@192.168.1.1:1883";

/** What a camera sees: eight pixels a module. */
function read(modules: Modules): string {
  const scale = 8;
  const width = modules.length * scale;
  const data = new Uint8ClampedArray(width * width * 4).fill(255);
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < width; x++) {
      const dark = modules[Math.floor(y / scale)]?.[Math.floor(x / scale)] === true;
      data.fill(dark ? 0 : 255, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return decodeQR({ width, height: width, data });
}

test("a camera reads it", () => {
  expect(read(qrModules(URI, 4))).toBe(URI);
});

test("what the terminal shows is the same code", () => {
  const lines = qrForTerminal(URI);
  const modules = lines.flatMap((line) => [
    [...line].map((character) => character === "\u2584" || character === " "),
    [...line].map((character) => character === "\u2580" || character === " "),
  ]);
  expect(read(modules.slice(0, modules[0]?.length))).toBe(URI);
  expect(lines.length).toBeLessThan(24);
  expect(lines[0]?.length).toBeLessThan(80);
});

test("and so is what the SVG draws", () => {
  const svg = qrAsSvg(URI);
  const size = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]);
  const modules = Array.from({ length: size }, () => Array<boolean>(size).fill(false));
  for (const [, x, y] of svg.matchAll(/M(\d+) (\d+)h1v1h-1z/g))
    (modules[Number(y)] as boolean[])[Number(x)] = true;
  expect(read(modules)).toBe(URI);
});
