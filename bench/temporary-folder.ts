import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders = new Set<string>();

/** A folder of the benchmark's own. @param within where it lies. */
export function temporaryFolder(name: string, within = tmpdir()): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(within, `tram-${name}-`));
  folders.add(path);
  return { path, [Symbol.dispose]: () => remove(path) };
}

/** Removes those that are left: for the end of the benchmark, whatever the reason. */
export function removeTemporaryFolders(): void {
  for (const path of folders) remove(path);
}

function remove(path: string): void {
  // A process that was killed a moment ago may still be writing.
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  folders.delete(path);
}
