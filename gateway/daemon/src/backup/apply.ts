import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncFile, syncFolderOf } from "../store/disk.ts";
import { PLAN_FILE, type RestorePlan, readPlan } from "./restore-plan.ts";
import { NOTE_FILE, STEPS, stagingOf } from "./restore-state.ts";
import { isWorkFolder } from "./work-folder.ts";

const ASIDE = /^before-restore-/;
/** Not of the state that is replaced: sockets and their links, images of firmware, what a file system keeps. */
const STAYS = /^(?:.*\.sock|data|firmware|lost\+found)$/;
const RULE_FILE = /^[^.].*\.ya?ml$/;

/** Told before each change of the disk; for tests. */
export type OnStep = (what: string) => void;

/**
 * Decides that what is staged takes the place of what is there. From here on there is no way back, only on.
 * @throws what the file system throws; nothing was changed then.
 */
export function commitRestore(data: string, plan: RestorePlan, onStep: OnStep = () => undefined): void {
  const staging = stagingOf(data);
  onStep("plan");
  writeFileSync(join(staging, PLAN_FILE), JSON.stringify(plan), { mode: 0o600, flush: true });
  syncFile(staging);
  onStep("commit");
  move(staging, join(data, STEPS.ready));
}

/**
 * Does what was decided, or the rest of it. Nothing happens where nothing is pending.
 * @throws what the file system throws, such as `EACCES` for a file that is not this user's. It can be tried again.
 */
export function finishRestore(data: string, onStep: OnStep = () => undefined): void {
  const [ready, applying, done] = [STEPS.ready, STEPS.applying, STEPS.done].map((name) =>
    join(data, name),
  ) as [string, string, string];
  rmSync(done, { recursive: true, force: true });
  if (existsSync(ready)) {
    const plan = planIn(ready);
    setAside(data, plan, onStep);
    onStep("applying");
    move(ready, applying);
  }
  if (!existsSync(applying)) return;
  const plan = planIn(applying);
  for (const { from, to } of plan.outside) {
    onStep(`write ${to}`);
    replace(join(applying, from), to);
  }
  putRules(join(applying, "rules"), plan.rulesDir, onStep);
  putData(join(applying, "data"), data, onStep);
  onStep("note");
  writeFileSync(join(data, NOTE_FILE), JSON.stringify({ note: plan.note }), { mode: 0o600, flush: true });
  own(join(data, NOTE_FILE), data);
  syncFile(data);
  onStep("done");
  move(applying, done);
  onStep("clear");
  rmSync(done, { recursive: true, force: true });
  for (const name of readdirSync(data)) {
    if (ASIDE.test(name) && name !== plan.aside) rmSync(join(data, name), { recursive: true, force: true });
  }
}

function planIn(folder: string): RestorePlan {
  const path = join(folder, PLAN_FILE);
  return readPlan(readFileSync(path, "utf8"), path);
}

function setAside(data: string, plan: RestorePlan, onStep: OnStep): void {
  const aside = join(data, plan.aside);
  const outside = join(aside, "outside");
  mkdirSync(outside, { recursive: true, mode: 0o700 });
  // Copied, because they stay in force until their successors are written: that is after this step.
  const copies = [
    ...plan.outside.map(({ to }) => to),
    ...ruleFilesIn(plan.rulesDir).map((name) => join(plan.rulesDir, name)),
  ];
  for (const [index, path] of copies.entries()) {
    const copy = join(outside, `${index}-${basename(path)}`);
    if (!existsSync(path)) continue;
    onStep(`copy ${path}`);
    copyFileSync(path, `${copy}.new`);
    syncFile(`${copy}.new`);
    renameSync(`${copy}.new`, copy);
  }
  syncFile(outside);
  for (const name of readdirSync(data)) {
    if (STAYS.test(name) || ASIDE.test(name) || isWorkFolder(name) || isStep(name)) continue;
    // The log of a database goes with it, or SQLite would play it into the next one of its name.
    onStep(`aside ${name}`);
    renameSync(join(data, name), join(aside, name));
  }
  syncFile(aside);
  syncFile(data);
  own(aside, data);
}

function isStep(name: string): boolean {
  return Object.values(STEPS).some((step) => step === name);
}

/** All rule files there are replaced. */
function putRules(from: string, rulesDir: string, onStep: OnStep): void {
  const wanted = new Set(existsSync(from) ? readdirSync(from) : []);
  for (const name of wanted) {
    onStep(`write rule ${name}`);
    replace(join(from, name), join(rulesDir, name));
  }
  for (const name of ruleFilesIn(rulesDir)) {
    if (wanted.has(name)) continue;
    onStep(`remove rule ${name}`);
    rmSync(join(rulesDir, name));
  }
  if (existsSync(rulesDir)) syncFile(rulesDir);
}

function ruleFilesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => RULE_FILE.test(name) && statSync(join(folder, name)).isFile());
}

function putData(from: string, data: string, onStep: OnStep): void {
  for (const name of existsSync(from) ? readdirSync(from) : []) {
    onStep(`put ${name}`);
    // What is there came with another start, in between: of this state it is not.
    rmSync(join(data, name), { recursive: true, force: true });
    renameSync(join(from, name), join(data, name));
  }
  syncFile(data);
}

/** Writes a file as a copy of another, whole or not at all, with the mode and the owner of what it replaces. */
function replace(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  const draft = join(dirname(to), `.${basename(to)}.restoring`);
  const before = lstatSync(to, { throwIfNoEntry: false });
  copyFileSync(from, draft);
  chmodSync(draft, before?.isFile() === true ? before.mode & 0o777 : 0o600);
  own(draft, before?.isFile() === true ? to : dirname(to));
  syncFile(draft);
  renameSync(draft, to);
  syncFolderOf(to);
}

/** Gives a path to the owner of another, where that is possible: root restores for the gateway's own user. */
function own(path: string, like: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(like);
  chownSync(path, uid, gid);
}

function move(from: string, to: string): void {
  renameSync(from, to);
  syncFolderOf(to);
}
