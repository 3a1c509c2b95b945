import { expect, test } from "vitest";
import { bundleInto } from "./fixtures/bundle.ts";
import { ChildStore } from "./fixtures/child-store.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const ROUNDS = 5;

test("kill -9 at any moment loses nothing that was acknowledged", async () => {
  using place = temporaryFolder();
  using tools = temporaryFolder();
  const program = (await bundleInto(tools.folder)).child;
  const acknowledged = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    await using child = new ChildStore(program, place.file);
    await child.line(/^open$/);
    child.send(`flood ${round * 1_000_000 + 1}`);
    // A number of acknowledgements rather than a time: some rounds die in the first group, some in a checkpoint.
    const enough = Math.ceil(Math.random() ** 3 * 1_500);
    await child.until((lines) => lines.length > enough);
    await child.kill();
    for (const line of child.lines) {
      const number = /^kept (\d+)$/.exec(line)?.[1];
      if (number !== undefined) acknowledged.add(Number(number));
    }

    const store = await openSqliteStore(place.file);
    expect(store.quarantine).toBeUndefined();
    const entries = await store.entries("kept");
    const rows = await store.rows("kept", { after: 0, limit: 1_000_000 });
    const lost = [...acknowledged].filter((number) => entries.get(String(number)) !== number);
    expect(lost).toEqual([]);
    // A batch is whole or absent: each entry has its row.
    expect(rows.map(({ seq }) => seq)).toEqual([...entries.values()].sort((a, b) => Number(a) - Number(b)));
    await store.close();
  }
  expect(acknowledged.size).toBeGreaterThan(ROUNDS);
});
