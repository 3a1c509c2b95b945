import { createHmac, randomBytes } from "node:crypto";
import { basename, dirname } from "node:path";
import type { CloudAnswer, Log } from "@tram/core";
import { isJson, isJsonObject, type Json, type JsonObject, jsonEqual } from "@tram/protocol";
import { stringify } from "yaml";
import type { Audit } from "../audit/audit-log.ts";
import { changedPaths } from "../config/changed-paths.ts";
import { checkConfig } from "../config/check.ts";
import { ConfigError } from "../config/config-error.ts";
import { CONFIG_LIMIT_BYTES, parseYaml } from "../config/load.ts";
import { fillIn, hideSecrets, restoreSecrets } from "../config/placeholders.ts";
import { readSmallFile } from "../config/read-file.ts";
import { HIDDEN, shownKey } from "../config/secrets.ts";
import { isRendered } from "../config/uci/rendered-head.ts";
import { replaceFile, whyNotWritten } from "../store/replace-file.ts";
import { type FeatureMeter, wholeFileBytes } from "../write-meter/write-meter.ts";
import { concernsDevices, isRemote } from "./remote-keys.ts";

type Refusal = Extract<CloudAnswer, { outcome: "refused" }>;

/** What became of a request, and what the audit log is told of a refusal where its reason has values in it. */
export type Managed = CloudAnswer & { readonly detail?: string };

/** Who puts a configuration. */
export interface RemoteAuthor {
  readonly by: string;
  /** Whether it may set every Thing. */
  readonly devices: boolean;
  /** Of the text that its own was made of. */
  readonly revision?: string | undefined;
}

export interface RemoteConfigParts {
  /** Absolute path of the file. */
  readonly file: string;
  /** The configuration that runs: what is put is compared with it where the file is not sound. */
  readonly text: string;
  readonly audit: Audit;
  readonly log: Pick<Log, "warn">;
  readonly meter: Pick<FeatureMeter, "wrote">;
}

/** People fold what they write by hand; what a cloud puts would have to be unfolded for each answer. */
const NO_ALIASES = 0;
/** Deeper than any configuration. */
const LEVELS = 32;
/** Of all that is wrong, so much is told. */
const MOST_PROBLEMS = 20;
const TAKES_EFFECT = "at the next start";
const RENDERED =
  "it is made of UCI at each start, and what is put here would be lost: change it with uci or LuCI on the gateway";

/** The file as it is now, or what runs where it is not sound. */
interface Present {
  readonly text: string | undefined;
  readonly sound: boolean;
  readonly document: JsonObject;
  readonly inForce: boolean;
}

/**
 * The configuration file as a cloud sees and changes it that may manage it: without its secrets, which stay where they
 * are, and without the comments of its owner, in which there may be some. It is read at the start; so what is put is in
 * force from the next one on, and where it does not come up then, the last good one is.
 */
export class RemoteConfig {
  readonly #parts: RemoteConfigParts;
  /** A plain digest of a text with a password in it would be a way to try out passwords. */
  readonly #key = randomBytes(32);
  /** One after the other, of all clouds: each is compared with what the one before has written. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: RemoteConfigParts) {
    this.#parts = parts;
  }

  get(): CloudAnswer {
    const { document, inForce, text } = this.#read();
    const shown = stringify(hideSecrets(document), { lineWidth: 0, aliasDuplicateObjects: false });
    const revision = this.#revisionOf(text);
    return {
      outcome: "done",
      value: { text: shown, revision, inForce, ...(this.#rendered(text) ? { readOnly: RENDERED } : {}) },
    };
  }

  put(text: string, author: RemoteAuthor): Promise<Managed> {
    const work = (): Promise<Managed> => this.#put(text, author);
    const next = this.#last.then(work, work);
    this.#last = next.catch(() => undefined); // Its own caller sees it.
    return next;
  }

  async #put(text: string, { by, devices, revision }: RemoteAuthor): Promise<Managed> {
    const { file, audit } = this.#parts;
    const now = this.#read();
    if (this.#rendered(now.text)) return refuse("not-available", RENDERED);
    const given = parse(text, basename(file), NO_ALIASES);
    if ("problem" in given) return refuse("invalid-value", given.problem, "it cannot be read");
    const { document, kept, stray } = restoreSecrets(given.document, now.document);
    const whole = kept.length === 0 ? text : fillIn(text, kept);
    if (stray.length > 0 || whole === undefined || (whole !== text && !sameYaml(whole, document))) {
      const lines = stray.map((place) => pathOf(place));
      return invalid(
        lines.map((path) => `${path}: ${HIDDEN} stands for a secret, and there is none`),
        lines,
      );
    }
    const changed = changedPaths(now.document, document);
    // What was asked for a second time, because its answer was lost, is done.
    if (changed.length === 0 && now.sound) return this.#done(now.text, []);
    if (revision !== undefined && revision !== this.#revisionOf(now.text)) {
      return refuse("busy", "somebody changed it meanwhile: get it again");
    }
    const refused = changed.filter((path) => !isRemote(path, devices) || besideSecret(path, kept));
    if (refused.length > 0) return refuse("forbidden", `${listed(refused)}: changed on the gateway alone`);
    const checked = checkConfig(document, dirname(file));
    if (!("document" in checked)) {
      return invalid(
        checked.map(({ path, problem }) => `${path}: ${problem}`),
        checked.map(({ path }) => path),
      );
    }
    const failed = await this.#write(whole, now.text);
    if (failed !== undefined) return failed;
    audit({ action: "config-changed", subject: file, by, detail: listed(changed) });
    return this.#done(whole, changed);
  }

  #done(text: string | undefined, changed: readonly string[]): Managed {
    const written = changed.length === 0 ? {} : { takesEffect: TAKES_EFFECT, before: this.#before };
    return { outcome: "done", value: { revision: this.#revisionOf(text), changed, ...written } };
  }

  async #write(text: string, old: string | undefined): Promise<Refusal | undefined> {
    const { file, log, meter } = this.#parts;
    const unchanged = (): boolean => this.#readText() === old;
    if (Buffer.byteLength(text) > CONFIG_LIMIT_BYTES) {
      return refuse("invalid-value", `expected at most ${CONFIG_LIMIT_BYTES} bytes`);
    }
    try {
      if (old !== undefined) await this.#keep(old);
      if (!(await replaceFile(file, text, { mode: 0o600, unchanged }))) {
        return refuse("busy", "somebody changed it meanwhile: get it again");
      }
      meter.wrote(wholeFileBytes(Buffer.byteLength(text)));
      return undefined;
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      log.warn({ file, code }, "the configuration could not be written");
      return refuse("not-stored", `${file}: ${whyNotWritten(code)}. Nothing was changed.`);
    }
  }

  /** So that it can be put back by hand. */
  async #keep(old: string): Promise<void> {
    await replaceFile(this.#before, old, { mode: 0o600 });
    this.#parts.meter.wrote(wholeFileBytes(Buffer.byteLength(old)));
  }

  get #before(): string {
    return `${this.#parts.file}.before`;
  }

  #read(): Present {
    const { file, text: running } = this.#parts;
    const text = this.#readText();
    const found = text === undefined ? undefined : parse(text, basename(file));
    const sound =
      found !== undefined && "document" in found && "document" in checkConfig(found.document, dirname(file));
    const counts = sound ? found : parse(running, basename(file));
    return {
      text,
      sound,
      document: "document" in counts ? counts.document : {},
      inForce: !sound || text === running,
    };
  }

  #readText(): string | undefined {
    const bytes = readSmallFile(this.#parts.file, CONFIG_LIMIT_BYTES);
    return "found" in bytes ? undefined : bytes.toString("utf8");
  }

  #rendered(text: string | undefined): boolean {
    return isRendered(text ?? this.#parts.text);
  }

  #revisionOf(text = ""): string {
    return createHmac("sha256", this.#key).update(text).digest("base64url").slice(0, 22);
  }
}

function parse(
  text: string,
  name: string,
  aliases?: number,
): { readonly document: JsonObject } | { readonly problem: string } {
  try {
    const document = parseYaml(text, name, aliases);
    if (isJsonObject(document) && isJson(document, LEVELS)) return { document };
    return { problem: `${name}: expected an object of at most ${LEVELS} levels` };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problem: error.message };
  }
}

function sameYaml(text: string, document: Json): boolean {
  const read = parse(text, "");
  return "document" in read && jsonEqual(read.document, document);
}

/** What a module is told beside a secret may be where it takes that to. */
function besideSecret(
  path: string,
  kept: readonly { readonly place: readonly (string | number)[] }[],
): boolean {
  const entry = /^.*?\]/.exec(path)?.[0];
  return (
    concernsDevices(path) && kept.some(({ place }) => entry === undefined || pathOf(place).startsWith(entry))
  );
}

function pathOf(place: readonly (string | number)[]): string {
  return place
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${shownKey(part)}`))
    .join("")
    .slice(1);
}

function listed(lines: readonly string[]): string {
  const more = lines.length - MOST_PROBLEMS;
  const shown = [...new Set(lines)].slice(0, MOST_PROBLEMS).join("; ");
  return more > 0 ? `${shown}; and ${more} more` : shown;
}

function invalid(lines: readonly string[], paths: readonly string[]): Managed {
  return refuse("invalid-value", listed(lines), listed(paths));
}

function refuse(
  code: Refusal["code"],
  reason: string,
  detail?: string,
): Refusal & { readonly detail?: string } {
  return { outcome: "refused", code, reason, ...(detail === undefined ? {} : { detail }) };
}
