import type { CloudAnswer, CloudManagement } from "@tram/core";
import { type Json, RULE_FILE_PATTERN } from "@tram/protocol";
import type { EditRefusal } from "../rules/edit-refusal.ts";
import type { RuleEditor } from "../rules/rule-editor.ts";
import type { CloudRights } from "./cloud-desk.ts";
import type { Managed, RemoteConfig } from "./remote-config.ts";

type Refusal = Extract<CloudAnswer, { outcome: "refused" }>;

export interface CloudManagerParts {
  readonly editor: Pick<RuleEditor, "file" | "putFile">;
  /** Names of the rule files. */
  readonly ruleFiles: () => readonly string[];
  /** The configuration file; absent where the gateway was started without one. */
  readonly configuration: RemoteConfig | undefined;
}

/** Which cloud asks, and what it may do. */
export interface CloudAsker {
  readonly by: string;
  readonly rights: CloudRights;
}

const RULE_FILE = new RegExp(RULE_FILE_PATTERN);
/** What an edit was refused for, in the words of the port. */
const CODES: Readonly<Record<EditRefusal["code"], Refusal["code"]>> = {
  "unknown-rule": "not-available",
  "unknown-file": "not-available",
  "unknown-version": "not-available",
  "not-in-version": "not-available",
  changed: "busy",
  exists: "invalid-value",
  "broken-file": "invalid-value",
  "invalid-rule": "invalid-value",
  "not-writable": "not-stored",
};

/** Lets a cloud that may look after the gateway do so, by the same rooms that people use: checked, versioned, audited. */
export class CloudManager {
  readonly #parts: CloudManagerParts;

  constructor(parts: CloudManagerParts) {
    this.#parts = parts;
  }

  async manage(request: CloudManagement, asker: CloudAsker): Promise<Managed> {
    return request.what === "rules"
      ? await this.#rules(request, asker.by)
      : await this.#config(request, asker);
  }

  async #rules({ name, operation, revision, text = "" }: CloudManagement, by: string): Promise<CloudAnswer> {
    const { editor, ruleFiles } = this.#parts;
    if (name === undefined) {
      return operation === "get"
        ? done({ files: [...ruleFiles()] })
        : refuse("malformed", "name: is missing");
    }
    if (!RULE_FILE.test(name)) return refuse("malformed", "name: expected one like heating.yaml");
    switch (operation) {
      case "get": {
        const found = await editor.file(name);
        return found.ok ? done({ ...found.value }) : edited(found.refusal);
      }
      case "put": {
        const kept = await editor.putFile(name, text, { by, revision });
        return kept.ok ? done({ file: name, revision: kept.value.revision }) : edited(kept.refusal);
      }
      case "remove":
        return refuse("not-available", "rule files are not removed from afar: put `[]` into it");
    }
  }

  async #config(
    { operation, revision, text = "" }: CloudManagement,
    { by, rights: { commands, manage } }: CloudAsker,
  ): Promise<Managed> {
    const { configuration } = this.#parts;
    if (configuration === undefined) return refuse("not-available", "this gateway has no configuration file");
    switch (operation) {
      case "get":
        return configuration.get();
      case "put": {
        // Rules may set whatever there is.
        const devices = commands === "all" || manage?.includes("rules") === true;
        return await configuration.put(text, { by, devices, revision });
      }
      case "remove":
        return refuse("not-available", "the configuration is not removed from afar");
    }
  }
}

function edited({ code, detail }: EditRefusal): CloudAnswer {
  return refuse(CODES[code], detail);
}

function done(value: Json): CloudAnswer {
  return { outcome: "done", value };
}

function refuse(code: Refusal["code"], reason: string): CloudAnswer {
  return { outcome: "refused", code, reason };
}
