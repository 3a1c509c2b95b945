import { type Commands, StoreError, type Transactions } from "@tram/core";
import { COMMAND_LIMITS, type Command, type CommandFailureCode, type CommandRequest } from "@tram/protocol";
import { type CommandWatch, MAX_WAIT_MS } from "./command-watch.ts";
import { notStored } from "./not-stored.ts";
import { problem, type RouteReply, type RouteRequest } from "./route.ts";
import { commandView } from "./views.ts";

export interface CommandParts {
  readonly commands: Commands;
  readonly transactions: Transactions;
  readonly watch: CommandWatch;
}

/** A week: longer nobody remembers what was wanted. In seconds. */
const MAX_TTL_S = 7 * 86_400;
/** As long as a description may ask for. In seconds. */
const MAX_TIMEOUT_S = 86_400;
const KEY = new RegExp(`^[\\x21-\\x7e]{1,${COMMAND_LIMITS.key}}$`);

export const COMMAND_QUERY = {
  wait: `Seconds to wait for the end of the command, at most ${MAX_WAIT_MS / 1_000}; then the answer is 200 with the command.`,
  timeout: `Seconds that the device has to confirm, 1 to ${MAX_TIMEOUT_S} (default: what its description says, else 10).`,
  ttl: `Seconds that the command may wait for a device that is away or asleep, at most ${MAX_TTL_S}.`,
  why: `Why it is wanted, for people; at most ${COMMAND_LIMITS.why} characters.`,
};

export const COMMAND_PROBLEMS = {
  404: "No such Thing, property or action.",
  409: "The property cannot be written, commands led to each other, or it is held or rests for its safety.",
  422: "The value does not fit the description, or the key was used for another command.",
  429: "Too many commands are under way.",
  503: "The store does not keep anything now.",
};

const STATUS: Readonly<Partial<Record<CommandFailureCode, number>>> = {
  "unknown-thing": 404,
  "unknown-property": 404,
  "unknown-action": 404,
  "read-only": 409,
  loop: 409,
  held: 409,
  resting: 409,
  "invalid-value": 422,
  "too-many": 429,
};

/** A write or an action of the caller, without who it is from. */
export type Wanted = Pick<CommandRequest, "thing" | "target" | "value">;

/**
 * Submits the commands of a request in one transaction, and answers when they are accepted; when the caller wants to wait
 * for the only one, when that has ended.
 * @param accepted makes the answer to what was accepted.
 */
export async function submitCommands(
  parts: CommandParts,
  request: RouteRequest,
  wanted: readonly Wanted[],
  accepted: (commands: readonly Command[]) => RouteReply,
): Promise<RouteReply> {
  const waitMs = readWait(request.query.wait);
  if (waitMs === undefined) {
    return problem(400, "bad-wait", `wait: expected 0 to ${MAX_WAIT_MS / 1_000} seconds.`);
  }
  const terms = readTerms(request);
  if (typeof terms === "string") return problem(400, "bad-terms", terms);
  if (terms.key !== undefined && wanted.length > 1) {
    return problem(400, "bad-terms", "Idempotency-Key: expected one command, found several.");
  }
  const origin = `api:${request.principal?.name ?? ""}` as const;
  const submitted: Command[] = [];
  try {
    await parts.transactions.transact((unit) => {
      for (const each of wanted) submitted.push(parts.commands.submit({ ...each, origin, ...terms }, unit));
    });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { problem: notStored(error, "The command is carried out, but not kept") };
  }
  const refused = refusalOf(submitted);
  if (refused !== undefined) return refused;
  const [only] = submitted;
  if (waitMs === 0 || only === undefined || submitted.length > 1) return accepted(submitted);
  const ended = await parts.watch.ended(only.id, waitMs);
  const headers = { Location: `/api/v1/commands/${only.id}` };
  return { status: 200, body: commandView(ended ?? parts.commands.get(only.id) ?? only), headers };
}

function readWait(text: string | undefined): number | undefined {
  if (text === undefined) return 0;
  const seconds = Number(text);
  if (!/^\d{1,4}(?:\.\d{1,3})?$/.test(text) || seconds * 1_000 > MAX_WAIT_MS) return undefined;
  return seconds * 1_000;
}

/** The first refusal; of several commands each one, for the others were accepted. */
function refusalOf(submitted: readonly Command[]): RouteReply | undefined {
  const refused = submitted.filter(({ state }) => state === "refused");
  const [first] = refused;
  if (first === undefined) return undefined;
  const { code = "invalid-value", reason = "refused" } = first;
  const status = STATUS[code] ?? 422;
  if (submitted.length === 1) return problem(status, code, `${reason}.`);
  const errors = refused.map(({ target, reason: why = "refused" }) => ({
    path: "property" in target ? target.property : target.action,
    problem: why,
  }));
  const detail = `${submitted.length - refused.length} of ${submitted.length} were accepted: ${reason}.`;
  return { problem: { status, code, detail, errors } };
}

/** What the request says about the command beside its value. @returns a sentence where it cannot be. */
function readTerms(
  request: RouteRequest,
): Pick<CommandRequest, "key" | "timeoutMs" | "ttlMs" | "why"> | string {
  const { timeout, ttl, why } = request.query;
  const key = request.header("idempotency-key");
  if (ttl !== undefined && (!/^\d{1,6}$/.test(ttl) || Number(ttl) > MAX_TTL_S)) {
    return `ttl: expected 0 to ${MAX_TTL_S} seconds, found ${ttl.slice(0, 40)}.`;
  }
  if (
    timeout !== undefined &&
    !(/^\d{1,5}$/.test(timeout) && Number(timeout) >= 1 && Number(timeout) <= MAX_TIMEOUT_S)
  ) {
    return `timeout: expected 1 to ${MAX_TIMEOUT_S} seconds, found ${timeout.slice(0, 40)}.`;
  }
  if (why !== undefined && why.length > COMMAND_LIMITS.why) {
    return `why: expected at most ${COMMAND_LIMITS.why} characters, found ${why.length}.`;
  }
  if (key !== undefined && !KEY.test(key)) {
    return `Idempotency-Key: expected 1 to ${COMMAND_LIMITS.key} visible characters.`;
  }
  return {
    ...(timeout === undefined ? {} : { timeoutMs: Number(timeout) * 1_000 }),
    ...(ttl === undefined ? {} : { ttlMs: Number(ttl) * 1_000 }),
    ...(why === undefined ? {} : { why }),
    ...(key === undefined ? {} : { key }),
  };
}
