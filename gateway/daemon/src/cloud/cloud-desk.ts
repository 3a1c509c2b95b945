import { setImmediate as breath } from "node:timers/promises";
import { commandResult, DEFAULT_COMMAND_TTL_S, NameFilter } from "@tram/cloud-bridge";
import {
  type Clock,
  type CloudAnswer,
  type CloudCommand,
  type CloudRequest,
  type Commands,
  type Log,
  StoreError,
  type Transactions,
  type TurnedAway,
} from "@tram/core";
import type { Command, CommandRequest, Ms } from "@tram/protocol";
import type { AuditAction } from "../audit/audit-log.ts";
import type { RepeatFilter } from "../audit/repeat-filter.ts";
import type { CloudManager } from "./cloud-manager.ts";
import type { Managed } from "./remote-config.ts";
import { malformed } from "./request-bounds.ts";
import type { RequestContexts } from "./request-contexts.ts";
import { requestLife } from "./request-life.ts";
import { RequestRates } from "./request-rates.ts";

/** What is refused here of commands. Other refusals of them are audited where they are made. */
const HERE: ReadonlySet<string> = new Set([
  "forbidden",
  "expired",
  "malformed",
  "busy",
  "not-available",
  "not-stored",
]);

/** What a cloud may do; the names are the configuration's. */
export interface CloudRights {
  readonly commands?: "all" | readonly string[];
  readonly command_ttl_s?: number;
  readonly manage?: readonly ("rules" | "config")[];
}

export interface CloudDeskParts {
  /** Id of the bridge. */
  readonly bridge: string;
  readonly rights: CloudRights;
  readonly clock: Pick<Clock, "now" | "monotonic" | "trust">;
  readonly commands: Pick<Commands, "submit" | "known">;
  readonly transactions: Pick<Transactions, "transact">;
  readonly contexts: RequestContexts;
  readonly log: Pick<Log, "error">;
}

/** What the desk needs once the house is up. */
export interface CloudServices {
  /** Of this desk alone: a cloud that knocks must not push what others do into a sum. */
  readonly repeats: RepeatFilter;
  readonly manager: CloudManager;
}

type Refusal = Extract<CloudAnswer, { outcome: "refused" }>;

/**
 * Where one cloud asks. Nothing is allowed that the configuration does not name; what is asked is bounded, not too old,
 * carried out once, and audited. A command is accepted once it is kept, with what its answer needs, so that it survives a
 * power cut.
 */
export class CloudDesk {
  readonly #parts: CloudDeskParts;
  readonly #origin: `cloud:${string}`;
  readonly #allowed: NameFilter | undefined;
  readonly #ttlMs: Ms;
  readonly #rates: RequestRates;
  readonly #services = Promise.withResolvers<CloudServices>();
  #repeats: RepeatFilter | undefined;
  /** One after the other: who writes a file and reads it then, sees what it wrote. */
  #managing: Promise<unknown> = Promise.resolve();

  constructor(parts: CloudDeskParts) {
    const { bridge, clock, rights } = parts;
    const { commands, command_ttl_s: ttlS = DEFAULT_COMMAND_TTL_S } = rights;
    this.#parts = parts;
    this.#origin = `cloud:${bridge}`;
    this.#allowed =
      commands === undefined ? undefined : new NameFilter(commands === "all" ? ["*"] : commands);
    this.#ttlMs = ttlS * 1_000;
    this.#rates = new RequestRates(clock.monotonic());
  }

  /** From now on requests are looked at; those that came before have waited. */
  open(services: CloudServices): void {
    this.#repeats = services.repeats;
    this.#services.resolve(services);
  }

  /** Never rejects. */
  async ask(request: CloudRequest): Promise<CloudAnswer> {
    // A gateway that starts knows too little to refuse, and what was asked before it fell is asked again at once.
    const { manager } = await this.#services.promise;
    let answer: CloudAnswer;
    let told: string | undefined;
    try {
      ({ detail: told, ...answer } = await this.#answer(request, manager));
    } catch (error) {
      // A bug. It costs this request, and not the line to the cloud.
      const stack = error instanceof Error ? error.stack : undefined;
      this.#parts.log.error(
        { bridge: this.#parts.bridge, error: String(error), stack },
        "a request of a cloud broke",
      );
      answer = refuse("not-available", "the gateway failed at it");
    }
    if (answer.outcome === "refused" && (request.kind === "manage" || HERE.has(answer.code))) {
      const { code, reason } = answer;
      this.#audit("cloud-refused", subjectOf(request), { code, reason: told ?? reason });
    }
    if (answer.outcome === "done" && request.kind === "manage" && request.operation === "get") {
      this.#audit("cloud-read", subjectOf(request));
    }
    return answer;
  }

  /** What came and was no request. */
  turnedAway({ where, code, reason }: TurnedAway): void {
    this.#audit("cloud-refused", where, { code, reason });
  }

  async #answer(request: CloudRequest, manager: CloudManager): Promise<Managed> {
    const { clock } = this.#parts;
    const tooOften = this.#rates.request(clock.monotonic());
    if (tooOften !== undefined) return refuse("busy", tooOften);
    const problem = malformed(request);
    if (problem !== undefined) return refuse("malformed", problem);
    switch (request.kind) {
      case "command":
        return await this.#command(request);
      case "manage":
        if (this.#parts.rights.manage?.includes(request.what) !== true) {
          return refuse("forbidden", `this cloud may not manage ${request.what}`);
        }
        if (request.operation !== "remove") {
          const often = this.#rates.text(request.what, request.operation, clock.monotonic());
          if (often !== undefined) return refuse("busy", often);
        }
        return await this.#manage(() =>
          manager.manage(request, { by: this.#origin, rights: this.#parts.rights }),
        );
      case "firmware":
        return refuse("not-available", "this gateway does not bring firmware to devices yet");
    }
  }

  #manage(work: () => Promise<Managed>): Promise<Managed> {
    // The house has its turn between two of them.
    const next = this.#managing.then(() => breath()).then(work);
    this.#managing = next.catch(() => undefined); // Its own caller sees it.
    return next;
  }

  async #command(request: CloudCommand): Promise<CloudAnswer> {
    const { commands, clock, contexts, transactions } = this.#parts;
    const { thing, target, value } = request;
    if (!this.#allows(request)) return refuse("forbidden", `this cloud may not set ${subjectOf(request)}`);
    const wanted: CommandRequest = {
      thing: thing as Command["thing"],
      target,
      value,
      origin: this.#origin,
      key: request.id,
    };
    const life = requestLife(request, { clock, ttlMs: this.#ttlMs });
    if (!life.ok) {
      // What was accepted in its time is answered as it was, however late it is asked for again.
      const known = commands.known(wanted);
      return known === undefined ? refuse("expired", life.reason) : answerOf(known);
    }
    const tooMany = this.#rates.command(clock.monotonic());
    if (tooMany !== undefined) {
      // Asked for once more it costs nothing.
      const known = commands.known(wanted);
      return known === undefined ? refuse("busy", tooMany) : answerOf(known);
    }
    let command: Command | undefined;
    try {
      await transactions.transact((unit) => {
        command = commands.submit({ ...wanted, ttlMs: life.leftMs }, unit);
        if (command.endedAt === undefined) contexts.keep(command, request.context, unit);
      });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return refuse("not-stored", "the command is carried out, but not kept");
    }
    return command === undefined ? refuse("busy", "it was not looked at") : answerOf(command);
  }

  #allows({ thing, target }: CloudCommand): boolean {
    if (this.#allowed === undefined) return false;
    // An action may do anything to its Thing.
    return "property" in target
      ? this.#allowed.hasProperty(thing, target.property)
      : this.#allowed.has(thing);
  }

  #audit(
    action: Extract<AuditAction, "cloud-refused" | "cloud-read">,
    subject: string,
    why?: { readonly code: string; readonly reason: string },
  ): void {
    const detail = why === undefined ? undefined : `${why.code}: ${why.reason}`;
    const entry = { action, subject, by: this.#origin, ...(detail === undefined ? {} : { detail }) };
    this.#repeats?.note([action, subject, why?.code].join("\n"), entry);
  }
}

/** A command that had ended already was asked for once more. */
function answerOf(command: Command): CloudAnswer {
  const { code = "rejected", endedAt, reason = "refused", state } = command;
  if (state === "refused") return refuse(code, reason);
  return endedAt === undefined ? { outcome: "accepted" } : { outcome: "done", value: commandResult(command) };
}

function subjectOf(request: CloudRequest): string {
  switch (request.kind) {
    case "command": {
      const { target, thing } = request;
      return `${thing}/${"property" in target ? target.property : target.action}`;
    }
    case "manage":
      return request.name === undefined ? request.what : `${request.what}/${request.name}`;
    case "firmware":
      return `firmware of ${request.thing ?? "the gateway"}`;
  }
}

function refuse(code: Refusal["code"], reason: string): Refusal {
  return { outcome: "refused", code, reason };
}
