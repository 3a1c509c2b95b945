import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { Json, Problem, Scope } from "@tram/protocol";
import type { TSchema } from "typebox";
import type { Principal } from "../people/people.ts";

/** A request as a handler sees it: parsed, validated, authorised. */
export interface RouteRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Json;
  /** Who calls; for an open route possibly nobody. */
  readonly principal: Principal | undefined;
  /** The session cookie's secret, where there is one. */
  readonly session: string | undefined;
  readonly address: string;
  /** The name and port under which the caller reached the gateway; `undefined` over the local socket. */
  readonly host: string | undefined;
  /** Instead of an answer the caller wants to hear what happens from now on (`Accept: text/event-stream`). */
  readonly wantsStream: boolean;
  /** Whether the caller might still ask for this: rights are taken back, sessions end. */
  stillAllowed(): boolean;
  /** Value of a request header. */
  header(name: string): string | undefined;
}

export type RouteReply =
  | {
      readonly status: 200 | 201;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** A file, as it comes. */
  | { readonly status: 200; readonly file: Readable; readonly name: string }
  /** A file, piece by piece. */
  | {
      readonly status: 200;
      readonly stream: ReplyStream;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly status: 204; readonly headers?: Readonly<Record<string, string>> }
  | {
      /** Writes the body, at once or bit by bit, and ends it; the headers are out by then. */
      readonly write: (response: ServerResponse) => void;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly problem: ProblemReply };

/** Pieces of an answer. `end` is called when nobody will ask for them. */
export type ReplyStream = AsyncIterable<string> & { end(): void };

export type ProblemReply = Omit<Problem, "type" | "title"> & { readonly retryAfterS?: number };

/** One operation of the HTTP API. The same description routes, validates and writes OpenAPI. */
export interface Route {
  readonly method: "get" | "put" | "post" | "delete";
  /** `/api/v1/things/{id}` */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly tag: string;
  /** Least right that is needed; `open` needs none, `local` is for programs of this machine, over the Unix socket. */
  readonly scope: Scope | "open" | "local";
  /** What it asks for is proof enough: pages of another origin may call it. */
  readonly fromElsewhere?: true;
  /** Descriptions of the parameters in the path. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: TSchema;
  /** The forms of a body that is a union, by what one member says: what is wrong is told of the form that was meant. */
  readonly forms?: { readonly by: string; readonly of: Readonly<Record<string, TSchema>> };
  /** Its body may be of any media type: JSON is its value, everything else text. */
  readonly anyMedia?: true;
  /** Largest body that it takes, where that is more than usual. In bytes, at most 4 MiB. */
  readonly bodyLimit?: number;
  /** What is told as Server-Sent Events to whoever asks for them. Their token may come in the query. */
  readonly streams?: string;
  readonly answer: {
    readonly status: 200 | 201 | 204;
    readonly description: string;
    readonly schema?: TSchema;
    /** The answer is a line of JSON for each value that fits the schema. */
    readonly lines?: true;
    /** Media type of an answer that is a file. */
    readonly media?: string;
  };
  /** Status codes of problems, with what they mean here. */
  readonly problems?: Readonly<Record<number, string>>;
  handle(request: RouteRequest): Promise<RouteReply> | RouteReply;
}

export function problem(status: number, code: string, detail: string): { problem: ProblemReply } {
  return { problem: { status, code, detail } };
}
