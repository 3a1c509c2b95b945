import type { RuleDiffView, RuleVersionTextView } from "@tram/protocol";
import { ruleTextOf, unifiedDiff } from "@tram/rules";
import { type Edited, type Refused, refuse } from "./edit-refusal.ts";
import type { RuleVersions } from "./rule-versions.ts";
import type { Version } from "./version-row.ts";

/** The part of a version that is asked for: a rule, or its whole file. */
interface Wanted {
  readonly version: number;
  readonly rule?: string | undefined;
}

/** What a version said, of a file or of one rule in it. */
export async function textOfVersion(
  versions: RuleVersions,
  { rule, version }: Wanted,
): Promise<Edited<RuleVersionTextView>> {
  const found = versions.get(version);
  if (found === undefined) return noVersion(version);
  const text = await textIn(versions, found, rule);
  if (text === undefined) return noText(version);
  if (rule !== undefined && text === "") {
    return refuse({ code: "not-in-version", detail: `Version ${version} does not have the rule ${rule}.` });
  }
  return { ok: true, value: { version: versions.view(found), text } };
}

/**
 * How a version differs from another.
 * @param before of the same file, or of the rule in another; without one, the version before.
 */
export async function diffOfVersion(
  versions: RuleVersions,
  { before, rule, version }: Wanted & { readonly before?: number | undefined },
): Promise<Edited<RuleDiffView>> {
  const after = versions.get(version);
  if (after === undefined) return noVersion(version);
  const other = before === undefined ? versions.before(after, rule) : versions.get(before);
  if (before !== undefined && other === undefined) return noVersion(before);
  if (rule === undefined && other !== undefined && other.file !== after.file) {
    return refuse({
      code: "not-in-version",
      detail: `Version ${other.version} is of ${other.file}, and ${version} of ${after.file}.`,
    });
  }
  const [old, now] = [
    other === undefined ? "" : await textIn(versions, other, rule),
    await textIn(versions, after, rule),
  ];
  if (now === undefined) return noText(version);
  if (old === undefined) return noText(other?.version ?? version);
  const name = rule ?? after.file;
  const names = {
    before: other === undefined ? "/dev/null" : `${name} (version ${other.version})`,
    after: `${name} (version ${version})`,
  };
  return {
    ok: true,
    value: { before: other?.version ?? 0, after: version, diff: unifiedDiff(old, now, names) },
  };
}

/** Empty where the file or the rule was not there; `undefined` where nobody knows. */
async function textIn(
  versions: RuleVersions,
  version: Version,
  rule: string | undefined,
): Promise<string | undefined> {
  const text = await versions.text(version);
  if (rule === undefined || text === undefined) return text;
  const found = ruleTextOf(text, rule);
  return found.ok ? found.text : "";
}

function noVersion(version: number): Refused {
  return refuse({ code: "unknown-version", detail: `There is no version ${version}, or not any more.` });
}

function noText(version: number): Refused {
  return refuse({ code: "unknown-version", detail: `The text of version ${version} was not kept.` });
}
