import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { RuleSource } from "@tram/rules";
import { CommandFailed } from "../cli/usage-error.ts";

const RULES = /^[^.].*\.ya?ml$/;
const TESTS = /\.test\.ya?ml$/;
/** A larger file is not even read: rule files and their tests have 256 kB at most. */
const MAX_BYTES = 1_048_576;

/** Reads a rule file, or all of a folder in the order of their names, without their tests. @throws {CommandFailed} */
export function readSources(path: string): RuleSource[] {
  if (!isFolder(path)) return [{ file: basename(path), text: readText(path) }];
  return namesOf(path)
    .filter((name) => RULES.test(name) && !TESTS.test(name))
    .map((name) => ({ file: name, text: readText(join(path, name)) }));
}

/** Finds the test files that are meant: a file itself, or those of a folder. @throws {CommandFailed} */
export function findTests(path: string): string[] {
  if (!isFolder(path)) return [path];
  return namesOf(path)
    .filter((name) => RULES.test(name) && TESTS.test(name))
    .map((name) => join(path, name));
}

/**
 * Reads the rules that a test is about: those that it names, else the file of the same name, else the whole folder.
 * @throws {CommandFailed} when a file that it names cannot be read.
 */
export function sourcesOfTest(testFile: string, named: string | readonly string[] | undefined): RuleSource[] {
  const folder = dirname(testFile);
  if (named !== undefined) return [named].flat().flatMap((name) => readSources(join(folder, name)));
  const stem = basename(testFile).replace(TESTS, "");
  const own = [`${stem}.yaml`, `${stem}.yml`].map((name) => join(folder, name)).find(exists);
  return readSources(own ?? folder);
}

/** @throws {CommandFailed} when it cannot be read, or is too large to be a rule file. */
export function readText(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES)
      throw new CommandFailed(`${path}: found ${size} bytes, expected at most ${MAX_BYTES}`);
    return readFileSync(path, "utf8");
  } catch (error) {
    throw inWords(path, error);
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw inWords(path, error);
  }
}

function namesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw inWords(folder, error);
  }
}

function inWords(path: string, error: unknown): CommandFailed {
  if (error instanceof CommandFailed) return error;
  return new CommandFailed(`${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
}
