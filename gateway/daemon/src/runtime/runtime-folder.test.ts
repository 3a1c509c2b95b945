import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../store/fixtures/temporary-folder.ts";
import { openStore } from "../store/open-store.ts";
import { makeRuntimeFolder } from "./runtime-folder.ts";

class Lines {
  readonly errors: { readonly fields: object; readonly text: string }[] = [];
  readonly log = {
    debug: (): void => undefined,
    info: (): void => undefined,
    warn: (): void => undefined,
    error: (fields: object, text: string): void => void this.errors.push({ fields, text }),
  };
}

const put = [{ op: "put", table: "t", key: "a", value: 1 }] as const;

test("a runtime folder that is missing is made for this user alone, and the journal lies there", async () => {
  using place = temporaryFolder();
  const { errors, log } = new Lines();
  const runtime = join(place.folder, "var/run/tram");
  makeRuntimeFolder(runtime, log);
  makeRuntimeFolder(runtime, log);
  const data = join(place.folder, "data");
  mkdirSync(data);
  const { store } = await openStore(data, { log, strict: false, runtime, journalFolder: runtime });
  await store.commit(put, "crash");
  expect(readdirSync(runtime).filter((name) => name.endsWith(".journal"))).toHaveLength(1);
  expect(statSync(runtime).mode & 0o777).toBe(0o700);
  await store.close();
  expect(errors).toEqual([]);
});

test("where it cannot be made, the log says why, and what is committed is kept all the same", async () => {
  using place = temporaryFolder();
  const { errors, log } = new Lines();
  writeFileSync(join(place.folder, "run"), "");
  const runtime = join(place.folder, "run/tram");
  makeRuntimeFolder(runtime, log);
  expect(errors).toMatchObject([
    {
      fields: { folder: runtime, reason: expect.stringMatching(/ENOTDIR/) },
      text: "the runtime folder cannot be made",
    },
  ]);
  const data = join(place.folder, "data");
  mkdirSync(data);
  const { store } = await openStore(data, { log, strict: false, runtime, journalFolder: runtime });
  for (let round = 0; round < 3; round++) await store.commit(put, "crash");
  await store.close();
  // What the store says of its journal, it says once too.
  expect(errors).toHaveLength(2);
  const again = await openStore(data, { log, strict: false, runtime });
  expect([...(await again.store.entries("t"))]).toEqual([["a", 1]]);
  await again.store.close();
});
