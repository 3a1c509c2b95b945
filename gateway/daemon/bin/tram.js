#!/usr/bin/env node
// Plain JavaScript with nothing imported at the top: an old Node must get a sentence, not a stack trace.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 23)) {
  process.stderr.write(`tram: expected Node 22.23 or newer, found ${process.versions.node}\n`);
  process.exit(2);
}
if (process.argv[2] === "run") (await import("../dist/cli/heap.js")).boundHeap();
const { main } = await import("../dist/cli/main.js");
process.exitCode = await main(process.argv.slice(2));
