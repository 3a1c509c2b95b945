import type { LiveMessage } from "@tram/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { snapshotOf } from "./snapshot.fixture.ts";
import { CLOSE_UNAUTHORISED, type LiveHandle, type LivePhase, openLive, type SocketLike } from "./socket.ts";

class FakeSocket implements SocketLike {
  readonly #message: ((event: { data: unknown }) => void)[] = [];
  readonly #close: ((event: { code: number }) => void)[] = [];
  closedByUs = false;

  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number }) => void): void;
  addEventListener(
    type: "message" | "close",
    listener: ((event: { data: unknown }) => void) | ((event: { code: number }) => void),
  ): void {
    if (type === "message") this.#message.push(listener as (event: { data: unknown }) => void);
    else this.#close.push(listener as (event: { code: number }) => void);
  }

  close(): void {
    this.closedByUs = true;
  }

  receive(message: unknown): void {
    for (const listener of this.#message) listener({ data: JSON.stringify(message) });
  }

  end(code = 1006): void {
    for (const listener of this.#close) listener({ code });
  }
}

const delta = (seq: number): LiveMessage => ({ type: "delta", seq, changes: [] });

describe("openLive", () => {
  let sockets: FakeSocket[];
  let waiting: { delayMs: number; run: () => void }[];
  let phases: LivePhase[];
  let messages: LiveMessage[];
  let unauthorised: number;
  let signedIn: boolean;
  let asked: number;
  let live: LiveHandle;

  beforeEach(() => {
    [sockets, waiting, phases, messages] = [[], [], [], []];
    [unauthorised, asked, signedIn] = [0, 0, true];
    live = openLive({
      connect() {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      later(delayMs, run) {
        const timer = { delayMs, run };
        waiting.push(timer);
        return () => {
          waiting = waiting.filter((each) => each !== timer);
        };
      },
      random: () => 0,
      onMessage: (message) => messages.push(message),
      onPhase: (phase) => phases.push(phase),
      onUnauthorised: () => {
        unauthorised += 1;
      },
      stillSignedIn: async () => {
        asked += 1;
        return signedIn;
      },
    });
  });

  const socket = (): FakeSocket => {
    const last = sockets.at(-1);
    if (last === undefined) throw new Error("nothing connected");
    return last;
  };

  /** Lets the waiting time pass, and what it started come to its end. */
  async function pass(): Promise<number | undefined> {
    const timer = waiting.shift();
    timer?.run();
    await Promise.resolve();
    await Promise.resolve();
    return timer?.delayMs;
  }

  it("hands on the snapshot and the deltas that follow it", () => {
    socket().receive(snapshotOf({ seq: 5 }));
    socket().receive(delta(6));
    socket().receive(delta(7));
    expect(messages.map(({ seq }) => seq)).toEqual([5, 6, 7]);
    expect(phases).toEqual(["connecting", "live"]);
  });

  it("reconnects on a gap, and hands on nothing of the broken connection", async () => {
    socket().receive(snapshotOf({ seq: 5 }));
    const broken = socket();
    broken.receive(delta(7));
    expect(broken.closedByUs).toBe(true);
    expect(phases.at(-1)).toBe("lost");
    broken.receive(delta(6));
    broken.end();
    expect(messages).toHaveLength(1);
    expect(await pass()).toBe(500);
    expect(sockets).toHaveLength(2);
    expect(waiting).toHaveLength(0);
    socket().receive(snapshotOf({ seq: 9 }));
    expect(phases.at(-1)).toBe("live");
  });

  it("reconnects on a frame that it cannot read", () => {
    socket().receive(snapshotOf());
    socket().receive({ type: "riddle" });
    expect(socket().closedByUs).toBe(true);
    expect(waiting).toHaveLength(1);
  });

  it("waits longer each time and starts over after a snapshot", async () => {
    socket().end();
    expect(await pass()).toBe(500);
    socket().end();
    expect(await pass()).toBe(1_000);
    socket().end();
    expect(await pass()).toBe(2_000);
    socket().receive(snapshotOf());
    socket().end();
    expect(await pass()).toBe(500);
  });

  it("stops when the gateway says that the session is not valid", async () => {
    socket().receive(snapshotOf());
    socket().end(CLOSE_UNAUTHORISED);
    expect(unauthorised).toBe(1);
    expect(waiting).toHaveLength(0);
  });

  it("asks for the session after a connection that gave nothing, and stops without one", async () => {
    signedIn = false;
    socket().end();
    await pass();
    expect([asked, unauthorised, sockets.length]).toEqual([1, 1, 1]);
  });

  it("does not ask for the session after a connection that was good", async () => {
    socket().receive(snapshotOf());
    socket().end();
    await pass();
    expect([asked, sockets.length]).toEqual([0, 2]);
  });

  it("tries again at once when told to, and only then", () => {
    live.retryNow();
    expect(sockets).toHaveLength(1);
    socket().receive(snapshotOf());
    socket().end();
    live.retryNow();
    expect(sockets).toHaveLength(2);
    expect(waiting).toHaveLength(0);
  });

  it("does nothing more after close", () => {
    socket().receive(snapshotOf());
    live.close();
    socket().end();
    expect(socket().closedByUs).toBe(true);
    expect(waiting).toHaveLength(0);
    expect(phases.at(-1)).toBe("live");
  });
});
