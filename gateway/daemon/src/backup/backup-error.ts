/**
 * Why a backup could not be made, read or put back.
 * - `passphrase`: too short or too long for a new backup.
 * - `wrong-passphrase`: the file's head is whole, and this is not its passphrase.
 * - `not-a-backup`, `newer-format`, `newer-schema`: another file, or one of a newer program.
 * - `damaged`: it was cut off or changed.
 * - `busy`: another one is being made. `room`, `place`: what the disk or the system does not allow.
 */
export type BackupErrorCode =
  | "passphrase"
  | "wrong-passphrase"
  | "not-a-backup"
  | "newer-format"
  | "newer-schema"
  | "damaged"
  | "busy"
  | "room"
  | "place";

/** Said in one line for people, without a secret. */
export class BackupError extends Error {
  readonly code: BackupErrorCode;
  constructor(code: BackupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BackupError";
    this.code = code;
  }
}
