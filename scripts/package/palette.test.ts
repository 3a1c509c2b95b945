import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { paletteEntries } from "./palette.ts";

test("the palette that is packed has all that its nodes load, and nothing that they do not need", () => {
  const folder = mkdtempSync(join(tmpdir(), "tram-palette-"));
  try {
    const entries = paletteEntries();
    expect(new Set(entries.map(({ path }) => path)).size).toBe(entries.length);
    mkdirSync(join(folder, "node_modules"));
    let bytes = 0;
    for (const entry of entries) {
      const path = join(folder, "node_modules", entry.path);
      // A folder comes before what is in it.
      if (entry.kind === "folder") mkdirSync(path);
      else if (entry.kind === "file") {
        expect(dirname(entry.path)).not.toMatch(/src|testing/);
        writeFileSync(path, entry.content);
        bytes += entry.content.length;
      }
    }
    const paths = entries.map(({ path }) => path.replace("@tram/node-red/", ""));
    for (const wanted of [
      "LICENSE",
      "README.md",
      "examples/leak alarm.json",
      "nodes/tram-thing-in.html",
      "nodes/locales/vi/tram-thing-in.json",
      "resources/tram-editor.js",
      "node_modules/ws/LICENSE",
    ]) {
      expect(paths).toContain(wanted);
    }
    expect(paths.filter((path) => /\.(?:ts|map)$|\.test\./.test(path))).toEqual([]);
    // Small beside Node-RED's 88 MB.
    expect(bytes).toBeLessThan(500_000);
    const load = `for (const name of ["gateway","thing-in","thing-set","command-result","rule-trigger","gateway-status"])
      if (typeof (await import(\`@tram/node-red/nodes/tram-\${name}.js\`)).default !== "function") throw new Error(name);`;
    writeFileSync(join(folder, "load.mjs"), load);
    const loaded = spawnSync(process.execPath, ["load.mjs"], { cwd: folder, encoding: "utf8" });
    expect(loaded.stderr).toBe("");
    expect(loaded.status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
