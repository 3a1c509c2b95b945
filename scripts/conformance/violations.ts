import type { Violation } from "./violation.ts";
import { CODEC_VIOLATIONS } from "./violations-codec.ts";
import { CONNECTION_VIOLATIONS } from "./violations-connection.ts";
import { ENGINE_VIOLATIONS } from "./violations-engine.ts";
import { SESSION_VIOLATIONS } from "./violations-session.ts";
import { TOPICS_VIOLATIONS } from "./violations-topics.ts";

export const VIOLATIONS: readonly Violation[] = [
  ...CODEC_VIOLATIONS,
  ...TOPICS_VIOLATIONS,
  ...SESSION_VIOLATIONS,
  ...CONNECTION_VIOLATIONS,
  ...ENGINE_VIOLATIONS,
];
