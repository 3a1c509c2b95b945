import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PolicyDocument } from "@tram/testkit";

/** The policy that the guide to AWS IoT gives to its readers. */
export function guidePolicy(file = "cloud-aws.md"): PolicyDocument {
  const guide = readFileSync(join(import.meta.dirname, "../../../docs/guide", file), "utf8");
  const [, text = ""] = /```json\n(\{\n {2}"Version"[\s\S]*?)\n```/.exec(guide) ?? [];
  return JSON.parse(text) as PolicyDocument;
}
