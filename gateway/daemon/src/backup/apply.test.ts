import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { commitRestore, finishRestore } from "./apply.ts";
import type { RestorePlan } from "./restore-plan.ts";
import { isRestorePending, stagingOf, takeRestoreNote } from "./restore-state.ts";

const CHILD = fileURLToPath(new URL("./fixtures/restore-child.ts", import.meta.url));

interface Place {
  readonly data: string;
  readonly plan: RestorePlan;
}

/** A gateway's files with the old state, and the new one staged beside it. */
function place(): Place {
  const root = mkdtempSync(join(tmpdir(), "tram-apply-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const data = join(root, "data");
  const rulesDir = join(root, "etc/rules");
  const put = (folder: string, name: string, text: string): void => {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  put(data, "tram.db", "old");
  put(data, "tram.db-wal", "old");
  put(data, "tls/ca.key", "old");
  put(data, "firmware/lamp.bin", "an image");
  put(rulesDir, "heat.yaml", "old");
  put(rulesDir, "gone.yaml", "old");
  put(root, "etc/tram.yaml", "old");
  const staging = stagingOf(data);
  for (const name of ["data/tram.db", "data/tls/ca.key", "rules/heat.yaml", "rules/new.yaml"])
    put(staging, name, "new");
  put(staging, "config/in-force.yaml", "new");
  const plan: RestorePlan = {
    aside: "before-restore-1",
    outside: [{ from: "config/in-force.yaml", to: join(root, "etc/tram.yaml") }],
    rulesDir,
    note: "from greenhouse",
  };
  return { data, plan };
}

/** What a gateway would find: every file of its state by name, with its text. */
function found({ data, plan }: Place): Record<string, string> {
  const read = (folder: string, prefix: string): [string, string][] =>
    existsSync(folder)
      ? readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .filter((path) => !/(?:before-restore-|restore\.(?:staging|done))/.test(path))
          .map((path) => [prefix + path.slice(folder.length), readFileSync(path, "utf8")])
      : [];
  const [config] = plan.outside;
  return Object.fromEntries([
    ...read(data, "data"),
    ...read(plan.rulesDir, "rules"),
    ["config", readFileSync(config?.to ?? "", "utf8")],
  ]);
}

const OLD = {
  "data/tram.db": "old",
  "data/tram.db-wal": "old",
  "data/tls/ca.key": "old",
  "data/firmware/lamp.bin": "an image",
  "rules/heat.yaml": "old",
  "rules/gone.yaml": "old",
  config: "old",
};
const NEW = {
  "data/tram.db": "new",
  "data/tls/ca.key": "new",
  "data/firmware/lamp.bin": "an image",
  "data/restored.json": '{"note":"from greenhouse"}',
  "rules/heat.yaml": "new",
  "rules/new.yaml": "new",
  config: "new",
};

test("the new state takes the place of the old, which is kept aside, and is told of once", () => {
  const here = place();
  expect(found(here)).toEqual(OLD);
  commitRestore(here.data, here.plan);
  expect(isRestorePending(here.data)).toBe(true);
  finishRestore(here.data);
  expect(isRestorePending(here.data)).toBe(false);
  expect(found(here)).toEqual(NEW);
  const aside = join(here.data, here.plan.aside);
  expect(readFileSync(join(aside, "tram.db-wal"), "utf8")).toBe("old");
  expect(readdirSync(join(aside, "outside")).sort()).toEqual(["0-tram.yaml", "1-gone.yaml", "2-heat.yaml"]);
  expect(takeRestoreNote(here.data)).toBe("from greenhouse");
  expect(takeRestoreNote(here.data)).toBeUndefined();
  finishRestore(here.data);
  expect(readFileSync(join(here.data, "tram.db"), "utf8")).toBe("new");
});

test("killed before any of its steps, the old state is whole, or the next start makes the new one whole", () => {
  let steps = 0;
  for (let step = 1; ; step++) {
    const here = place();
    const child = spawnSync(process.execPath, [CHILD], {
      input: JSON.stringify({ ...here, step }),
      encoding: "utf8",
    });
    if (child.signal === null) {
      expect(child, child.stderr).toMatchObject({ status: 0 });
      break;
    }
    steps++;
    expect(child.signal).toBe("SIGKILL");
    const decided = isRestorePending(here.data) || !existsSync(stagingOf(here.data));
    finishRestore(here.data);
    expect(found(here), `killed before step ${step}`).toEqual(decided ? NEW : OLD);
    if (decided) expect(readFileSync(join(here.data, here.plan.aside, "tram.db"), "utf8")).toBe("old");
  }
  expect(steps).toBeGreaterThan(15);
}, 240_000);

test("killed again and again while it is finished, it ends all the same", () => {
  const here = place();
  commitRestore(here.data, here.plan);
  for (let step = 1; isRestorePending(here.data) && step < 200; step++) {
    let left = step % 3;
    try {
      finishRestore(here.data, () => {
        if (left-- === 0) throw new Error("cut");
      });
    } catch (error) {
      expect(String(error)).toMatch(/cut/);
    }
  }
  finishRestore(here.data);
  expect(found(here)).toEqual(NEW);
  const aside = join(here.data, here.plan.aside);
  for (const name of readdirSync(join(aside, "outside"))) {
    expect(readFileSync(join(aside, "outside", name), "utf8"), name).toBe("old");
  }
});

test("of what was there before restores, only that before the last one is kept", () => {
  const here = place();
  mkdirSync(join(here.data, "before-restore-0"));
  commitRestore(here.data, here.plan);
  finishRestore(here.data);
  expect(readdirSync(here.data).filter((name) => name.startsWith("before-"))).toEqual(["before-restore-1"]);
});

test("a plan that is none is told with its place, and nothing is done", () => {
  const here = place();
  commitRestore(here.data, here.plan);
  writeFileSync(join(here.data, "restore.ready/plan.json"), '{"aside":"../../etc"}');
  expect(() => finishRestore(here.data)).toThrow(
    /restore\.ready\/plan\.json: expected the plan of a restore/,
  );
  expect(readFileSync(join(here.data, "tram.db"), "utf8")).toBe("old");
});
