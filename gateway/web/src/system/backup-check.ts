/** Least length of a passphrase, as the gateway has it. In characters. */
export const LEAST_PASSPHRASE = 12;

/** What is in the way of a new backup, field by field. */
export function backupProblem(passphrase: string, again: string): "short" | "different" | undefined {
  if ([...passphrase].length < LEAST_PASSPHRASE) return "short";
  return passphrase === again ? undefined : "different";
}
