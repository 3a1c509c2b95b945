import type { CloudConnection, CloudMessage, PublishOutcome } from "@tram/core";
import type { BridgeProvider } from "../providers/provider.ts";

/**
 * What a cloud does with a message.
 * - `taking`: it arrives and is acknowledged.
 * - `deaf`: the line is dead before it: it never arrives, and nobody says so.
 * - `mute`: it arrives, and its acknowledgement never does.
 */
type Line = "taking" | "deaf" | "mute";

/** A cloud behind a line that dies without a word, at any moment of a message's way. */
export class LossyCloud {
  /** What reached the cloud, duplicates included, in order of arrival. */
  readonly arrived: CloudMessage[] = [];
  /** Nothing answers there. */
  unreachable = false;
  /** The line dies so, after so many more messages. */
  #fault: { readonly line: Exclude<Line, "taking">; after: number } | undefined;

  /** The next connection, or the one there is, dies like this after so many more messages. */
  failSoon(line: Exclude<Line, "taking">, after: number): void {
    this.#fault = { line, after };
  }

  /**
   * A way to it for one process.
   * @returns `kill`: nothing goes over it any more, and nobody hears of it.
   */
  open(options: { readonly maxInFlight: number; readonly maxInFlightPerGroup: number }): {
    readonly provider: BridgeProvider;
    readonly kill: () => void;
    /** Loses the connection; this time the gateway notices at once. */
    readonly cut: () => void;
  } {
    let alive = true;
    let lose: (reason: string) => void = () => undefined;
    const connect = async (): Promise<CloudConnection> => {
      await Promise.resolve();
      if (!alive) return await new Promise(() => undefined);
      if (this.unreachable) throw new Error("nobody answers there");
      const answers = new Set<(outcome: PublishOutcome) => void>();
      let line: Line = "taking";
      let end: (reason: string) => void = () => undefined;
      const closed = new Promise<string>((resolve) => {
        end = resolve;
      });
      lose = (reason) => {
        line = "deaf";
        for (const answer of answers) answer({ outcome: "retry", reason });
        answers.clear();
        end(reason);
      };
      const take = (message: CloudMessage): Promise<PublishOutcome> => {
        if (!alive) return new Promise(() => undefined);
        if (this.#fault !== undefined && line === "taking" && this.#fault.after-- <= 0) {
          line = this.#fault.line;
          this.#fault = undefined;
        }
        if (line !== "deaf") this.arrived.push(message);
        return line === "taking"
          ? Promise.resolve({ outcome: "acknowledged" })
          : new Promise((resolve) => answers.add(resolve));
      };
      return {
        closed,
        publish: (batch) => Promise.all(batch.map(take)),
        [Symbol.asyncDispose]: async () => lose("closed by the gateway"),
      };
    };
    return {
      provider: { name: "lossy", ...options, sizeOf: () => 100, connect },
      kill: () => {
        alive = false;
      },
      cut: () => lose("the line was cut"),
    };
  }
}
