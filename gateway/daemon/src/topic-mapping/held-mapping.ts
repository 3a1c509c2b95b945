import { createHash } from "node:crypto";
import type {
  GatewayView,
  Json,
  MappingView,
  PropertyKey,
  SchemaProblem,
  ThingId,
  TopicMapping,
} from "@tram/protocol";
import { type CheckedMapping, checkMapping } from "./check-mapping.ts";

/** A mapping with what became of it. */
export class HeldMapping {
  readonly id: string;
  readonly document: Json;
  readonly origin: MappingView["origin"];
  readonly revision: string;
  /** Undefined when it is not sound: an earlier version took it. */
  readonly checked: CheckedMapping | undefined;
  /** Its Things, with the level that each was found by; undefined where the mapping is for one. */
  readonly things = new Map<ThingId, string | undefined>();
  readonly #wrong: readonly SchemaProblem[];
  /** Why a Thing of it could not be made. */
  readonly #refused = new Map<string, string>();
  /** Whether a path has ever led to something. */
  readonly #picked = new Map<PropertyKey, boolean>();

  constructor(id: string, document: Json, origin: MappingView["origin"]) {
    const check = checkMapping(document);
    this.id = id;
    this.document = document;
    this.origin = origin;
    this.revision = createHash("sha256").update(JSON.stringify(document)).digest("base64url").slice(0, 16);
    this.checked = check.ok ? check.checked : undefined;
    this.#wrong = check.ok ? [] : check.problems;
  }

  refuse(path: string, problem: string): void {
    this.#refused.set(path, problem);
  }

  accept(path: string): void {
    this.#refused.delete(path);
  }

  pick(property: PropertyKey, found: boolean): void {
    if (found || !this.#picked.has(property)) this.#picked.set(property, found);
  }

  /** What keeps it, or a Thing of it, from being. */
  get faults(): readonly SchemaProblem[] {
    return [...this.#wrong, ...[...this.#refused].map(([path, problem]) => ({ path, problem }))];
  }

  /** @param shadowed another one of its id counts. */
  view(shadowed: boolean): MappingView {
    const unread = [...this.#picked].flatMap(([property, found]) => {
      const read = this.checked?.mapping.properties[property]?.read;
      if (found || read === undefined) return [];
      const path = `properties.${property}.read.${read.template === undefined ? "path" : "template"}`;
      return [{ path, problem: "nothing has been there in any message so far" }];
    });
    const other = { path: "id", problem: "the configuration has a mapping of this id, which counts" };
    return {
      // One that is not sound is shown as it is, so that it can be mended.
      mapping: this.document as unknown as TopicMapping,
      origin: this.origin,
      revision: this.revision,
      active: !shadowed && this.checked !== undefined && (this.faults.length === 0 || this.things.size > 0),
      things: [...this.things.keys()],
      problems: shadowed ? [other] : [...this.faults, ...unread],
    };
  }

  /** For the list of what is wrong with the gateway. */
  get gatewayProblems(): GatewayView["problems"] {
    return this.faults.map(({ path, problem }) => ({
      code: "mapping",
      where: path === "" ? `mappings.${this.id}` : `mappings.${this.id}.${path}`,
      problem,
    }));
  }
}
