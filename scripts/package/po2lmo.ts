import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { encodeLmo } from "./lmo.ts";
import { parsePo } from "./po.ts";

/** `node po2lmo.ts FROM.po TO.lmo`: what LuCI's build calls po2lmo. */
const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) {
  console.error("Usage: po2lmo FROM.po TO.lmo");
  process.exit(2);
}
try {
  const bytes = encodeLmo(parsePo(readFileSync(from, "utf8")));
  if (bytes !== undefined) {
    writeFileSync(to, bytes);
    // Not by the mode of the write: the umask of whoever builds would be taken from it, and LuCI could not read the file.
    chmodSync(to, 0o644);
  }
} catch (error) {
  console.error(`${from}: ${(error as Error).message}`);
  process.exitCode = 1;
}
