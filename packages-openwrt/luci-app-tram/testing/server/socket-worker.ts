import { connect, type Socket } from "node:net";
import { type MessagePort, workerData } from "node:worker_threads";

/** What the blocking side asks for. */
export type SocketCommand =
  | { readonly do: "connect"; readonly path: string }
  | { readonly do: "write"; readonly bytes: Uint8Array }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "read"; readonly most: number }
  | { readonly do: "close" };

/** The answer to the command with this number. */
export interface SocketReply {
  readonly number: number;
  readonly answer: unknown;
}

/** Answers commands while the thread that gave them sleeps. */
const { port, bell } = workerData as { port: MessagePort; bell: Int32Array };
let socket: Socket | undefined;
let received = Buffer.alloc(0);
let ended = false;
let onNews: () => void = () => {};

async function obey(command: SocketCommand): Promise<unknown> {
  switch (command.do) {
    case "connect":
      received = Buffer.alloc(0);
      ended = false;
      return new Promise((resolve) => {
        socket = connect(command.path);
        socket.once("connect", () => resolve(true));
        socket.on("error", () => {
          ended = true;
          resolve(false);
          onNews();
        });
        socket.on("data", (chunk) => {
          received = Buffer.concat([received, chunk]);
          onNews();
        });
        socket.on("end", () => {
          ended = true;
          onNews();
        });
      });
    case "write":
      return new Promise((resolve) => socket?.write(command.bytes, (error) => resolve(!error)));
    case "wait":
      if (received.length > 0 || ended) return true;
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), command.ms);
        onNews = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
    case "read": {
      const chunk = received.subarray(0, command.most);
      received = received.subarray(command.most);
      return chunk;
    }
    case "close":
      socket?.destroy();
      return true;
  }
}

port.on("message", ({ number, command }: { number: number; command: SocketCommand }) => {
  void obey(command).then((answer) => {
    port.postMessage({ number, answer } satisfies SocketReply);
    // A wait that ends late must not take the bell back from the one who asked after it.
    Atomics.store(bell, 0, Math.max(number, Atomics.load(bell, 0)));
    Atomics.notify(bell, 0);
  });
});
