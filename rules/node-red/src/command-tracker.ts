import type { CommandInfo } from "./live-message.ts";

/** Commands that are followed at once; the gateway has fewer under way. */
const MOST_TRACKED = 1_000;

/** How far a command has come; the last three, and `refused`, are ends. */
const RANK = { accepted: 0, sent: 1, confirmed: 2, refused: 2, failed: 2, expired: 2 } as const;
const END = 2;

export function hasEnded({ state }: Pick<CommandInfo, "state">): boolean {
  return RANK[state] === END;
}

interface Tracked<Message> {
  readonly message: Message;
  rank: number;
}

/** Follows commands by their ids to their ends, each state once and none after a later one. */
export class CommandTracker<Message> {
  readonly #tracked = new Map<string, Tracked<Message>>();
  readonly #tell: (command: CommandInfo, message: Message) => void;
  #dropped = 0;

  /** @param tell hears of each new state, with what was given for the command. */
  constructor(tell: (command: CommandInfo, message: Message) => void) {
    this.#tell = tell;
  }

  get ids(): readonly string[] {
    return [...this.#tracked.keys()];
  }

  /** Commands that were too many to follow. */
  get dropped(): number {
    return this.#dropped;
  }

  track(command: CommandInfo, message: Message): void {
    if (this.#tracked.size >= MOST_TRACKED && !this.#tracked.has(command.id)) {
      const [oldest] = this.#tracked.keys();
      if (oldest !== undefined) this.#tracked.delete(oldest);
      this.#dropped++;
    }
    this.#tracked.set(command.id, { message, rank: -1 });
    this.hear(command);
  }

  hear(command: CommandInfo): void {
    const tracked = this.#tracked.get(command.id);
    const rank = RANK[command.state];
    if (tracked === undefined || rank <= tracked.rank) return;
    tracked.rank = rank;
    if (rank === END) this.#tracked.delete(command.id);
    this.#tell(command, tracked.message);
  }

  /** The gateway does not know it any more. */
  forget(id: string): void {
    this.#tracked.delete(id);
  }
}
