import { Compile } from "@tram/protocol/validator";
import { type Static, Type } from "typebox";
import { BackupError } from "./backup-error.ts";

/** File of the plan, beside what is put back. */
export const PLAN_FILE = "plan.json";

const Path = Type.String({ minLength: 1, maxLength: 4_096 });

/** What a restore does, once it is decided: kept with the files, so that another process can end it. */
const RestorePlan = Type.Object({
  /** Name of the folder, in the data folder, that takes what was there. */
  aside: Type.String({ pattern: "^before-restore-[0-9A-Za-z-]{1,64}$" }),
  /** Files outside of the data folder, in the order in which they are written. */
  outside: Type.Array(Type.Object({ from: Path, to: Path })),
  /** Folder of the rule files; all of them are replaced. */
  rulesDir: Path,
  /** For the audit log of the gateway that starts then. */
  note: Type.String({ maxLength: 1_024 }),
});
export type RestorePlan = Static<typeof RestorePlan>;

/** @throws {BackupError} `place` when the text is no plan. */
export function readPlan(text: string, where: string): RestorePlan {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    found = undefined;
  }
  if (Compile(RestorePlan).Check(found)) return found;
  throw new BackupError("place", `${where}: expected the plan of a restore, found something else`);
}
