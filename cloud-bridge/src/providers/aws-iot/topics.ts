import type { CloudMessage } from "@tram/core";
import { PRODUCT } from "@tram/protocol";
import type { Service } from "./strikes.ts";

/** A shadow in AWS IoT: of this Thing, by this name; without one it is the classic shadow. */
export interface ShadowRef {
  readonly thing: string;
  readonly name?: string;
}

export type Result = "accepted" | "rejected";

/** What a topic that AWS IoT publishes to is about. */
export type Heard =
  | {
      readonly kind: "shadow";
      readonly shadow: ShadowRef;
      readonly operation: "get" | "update" | "delete";
      readonly result: Result;
    }
  | { readonly kind: "delta"; readonly shadow: ShadowRef }
  | { readonly kind: "job-queue" }
  | { readonly kind: "job-started"; readonly result: Result }
  | {
      readonly kind: "job";
      readonly job: string;
      readonly operation: "get" | "update";
      readonly result: Result;
    };

const SHADOW =
  /^\$aws\/things\/([^/]+)\/shadow(?:\/name\/([^/]+))?\/(get|update|delete)\/(accepted|rejected|delta)$/;
const JOBS = /^\$aws\/things\/([^/]+)\/jobs\/(.+)$/;

/**
 * The topics of one gateway. What it tells goes under one prefix, `tram/<gateway>`, with the class of the message
 * behind it, so that one line of a policy covers it and a rule chooses by class:
 *
 * - `tram/<gateway>/{alarm,reply,state,telemetry}/<thing>/<node>/<property>`
 * - `tram/<gateway>/job/<job>`: the result of a job that is too long for its status details.
 *
 * The reserved topics are those of the developer guide, "Reserved topics".
 */
export class AwsTopics {
  readonly #thing: string;
  readonly #prefix: string;

  /** @param thing name of the gateway in AWS IoT. @param prefix topic levels before the class. */
  constructor(thing: string, prefix: string = `${PRODUCT.name}/${thing}`) {
    this.#thing = thing;
    this.#prefix = prefix;
  }

  message({ class: kind, thing, name }: Pick<CloudMessage, "class" | "thing" | "name">): string {
    return `${this.#prefix}/${kind}/${thing}/${name}`;
  }

  jobResult(job: string): string {
    return `${this.#prefix}/job/${job}`;
  }

  shadow(shadow: ShadowRef, operation: "get" | "update"): string {
    return `${shadowBase(shadow)}/${operation}`;
  }

  startNextJob(): string {
    return `$aws/things/${this.#thing}/jobs/start-next`;
  }

  job(job: string, operation: "get" | "update"): string {
    return `$aws/things/${this.#thing}/jobs/${job}/${operation}`;
  }

  /**
   * What to subscribe to for jobs, the gateway's own shadow, and the shadows that carry the gateway's name, whichever
   * Things they belong to: ten filters, however many children there are.
   */
  filters(): readonly string[] {
    const jobs = `$aws/things/${this.#thing}/jobs`;
    return [
      `${jobs}/notify-next`,
      `${jobs}/start-next/+`,
      `${jobs}/+/get/+`,
      `${jobs}/+/update/+`,
      ...this.shadowFilters({ thing: this.#thing }),
      ...this.shadowFilters({ thing: "+", name: this.#thing }),
    ];
  }

  /** What to subscribe to for one shadow. `update/documents` is left out: it would repeat the whole shadow each time. */
  shadowFilters(shadow: ShadowRef): readonly string[] {
    const base = shadowBase(shadow);
    return [`${base}/+/accepted`, `${base}/+/rejected`, `${base}/update/delta`];
  }

  /** What a request on this topic is for. */
  serviceOf(topic: string): Service | undefined {
    const heard = this.read(`${topic}/accepted`);
    if (heard === undefined) return undefined;
    if (heard.kind !== "shadow") return "jobs";
    return heard.shadow.thing === this.#thing && heard.shadow.name === undefined
      ? "own-shadow"
      : "child-shadows";
  }

  /** @returns `undefined` for what is none of ours. */
  read(topic: string): Heard | undefined {
    const shadow = SHADOW.exec(topic);
    if (shadow !== null) return readShadow(shadow);
    const [, thing, rest = ""] = JOBS.exec(topic) ?? [];
    if (thing !== this.#thing) return undefined;
    if (rest === "notify-next") return { kind: "job-queue" };
    const levels = rest.split("/");
    const result = levels.at(-1);
    if (result !== "accepted" && result !== "rejected") return undefined;
    if (levels.length === 2 && levels[0] === "start-next") return { kind: "job-started", result };
    const [job, operation] = levels;
    if (levels.length !== 3 || job === undefined || (operation !== "get" && operation !== "update")) {
      return undefined;
    }
    return { kind: "job", job, operation, result };
  }
}

function shadowBase({ thing, name }: ShadowRef): string {
  return name === undefined ? `$aws/things/${thing}/shadow` : `$aws/things/${thing}/shadow/name/${name}`;
}

function readShadow([, thing, name, operation, what]: RegExpExecArray): Heard | undefined {
  if (thing === undefined) return undefined;
  const shadow = name === undefined ? { thing } : { thing, name };
  if (what === "delta") return operation === "update" ? { kind: "delta", shadow } : undefined;
  if (what !== "accepted" && what !== "rejected") return undefined;
  if (operation !== "get" && operation !== "update" && operation !== "delete") return undefined;
  return { kind: "shadow", shadow, operation, result: what };
}
