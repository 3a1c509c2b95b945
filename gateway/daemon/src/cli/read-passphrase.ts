import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { readSmallFile } from "../config/read-file.ts";
import { UsageError } from "./usage-error.ts";

/** A passphrase is a line. In bytes. */
const LIMIT_BYTES = 8_192;

export interface PassphraseSource {
  /** `--passphrase-file`: a file, or `-` for standard input. */
  readonly file: string | boolean | undefined;
  /** Asked for twice: nobody can open a backup that was sealed with a slip of the finger. */
  readonly twice: boolean;
}

/**
 * Reads a passphrase from a file, or asks for it on the terminal, where it is not shown. There is no option for the
 * passphrase itself: other users see the arguments of a program.
 * @throws {UsageError} when there is none.
 */
export async function readPassphrase({ file, twice }: PassphraseSource): Promise<string> {
  if (typeof file === "string") return ofFile(file);
  if (!process.stdin.isTTY) {
    throw new UsageError(
      "expected a terminal to ask for the passphrase, or --passphrase-file FILE (- for standard input)",
    );
  }
  const passphrase = await ask("Passphrase: ");
  if (twice && (await ask("The same again: ")) !== passphrase)
    throw new UsageError("the two are not the same");
  return passphrase;
}

function ofFile(file: string): string {
  const content = file === "-" ? readFileSync(0) : readSmallFile(file, LIMIT_BYTES);
  if ("found" in content) {
    throw new UsageError(`--passphrase-file: expected a readable file, found ${content.found}: ${file}`);
  }
  const [line = ""] = content.toString("utf8").split(/\r?\n/);
  if (line === "")
    throw new UsageError("--passphrase-file: expected a passphrase in the first line, found none");
  return line;
}

/** The terminal shows the question alone: what the reader would echo goes nowhere. */
function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: silence, terminal: true, historySize: 0 });
  return new Promise((resolve, reject) => {
    reader.once("line", (line) => {
      process.stderr.write("\n");
      resolve(line);
      reader.close();
    });
    // Ctrl-C, Ctrl-D. After a line it comes too late to count.
    reader.once("close", () => reject(new UsageError("no passphrase was given")));
  });
}
