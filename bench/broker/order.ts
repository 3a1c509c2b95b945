import type { Qos } from "./packets.ts";

/** What the load is to do to the broker. Numbers of messages are messages published. Times in milliseconds. */
export type Task =
  /** As much as goes, from so many publishers to so many subscribers, each of whom gets everything. */
  | {
      readonly kind: "flood";
      readonly publishers: number;
      readonly subscribers: number;
      readonly qos: Qos;
      readonly warmUpMs: number;
      readonly measureMs: number;
    }
  /** QoS 1 to somebody who is away and then comes for it. */
  | { readonly kind: "away"; readonly warmUp: number; readonly messages: number }
  /** QoS 1, one message after the other at their times, from one publisher to one subscriber. */
  | {
      readonly kind: "pace";
      readonly perSecond: number;
      readonly warmUpMs: number;
      readonly measureMs: number;
    }
  /** Clients that are connected and silent: so many, and then so many. */
  | {
      readonly kind: "idle";
      readonly steps: readonly number[];
      readonly sessions: boolean;
      readonly settleMs: number;
    }
  /** Connections that come and go. */
  | { readonly kind: "connect"; readonly warmUp: number; readonly connections: number }
  /** Many subscriptions, and then messages each of which one of them matches, each time another. */
  | {
      readonly kind: "match";
      readonly subscribers: number;
      readonly filtersEach: number;
      readonly warmUpMs: number;
      readonly measureMs: number;
      readonly settleMs: number;
    };

export interface Order {
  readonly port: number;
  /** Process of the broker: its CPU time and its memory are what is measured. */
  readonly pid: number;
  readonly task: Task;
}

/** What came of it. Names tell the unit. */
export type Figures = Readonly<Record<string, number>>;
