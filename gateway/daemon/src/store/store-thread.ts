import { Worker } from "node:worker_threads";
import { StoreError } from "@tram/core";
import type { QuarantineReport } from "./quarantine.ts";
import { StoreOpenError } from "./store-open-error.ts";
import type { Answers, FromThread, RefugeReport, Requests, StoreJob } from "./wire.ts";

/** An answer that is waited for. */
interface Call {
  readonly resolve: (value: never) => void;
  readonly reject: (error: StoreError) => void;
}

/** Who is told of what nobody asked for. */
export interface ThreadListeners {
  readonly onFault: (error: StoreError) => void;
  /** The refuge is over: the database is open for writing. */
  readonly onReturned: () => void;
  /** The database can be opened, but is not the one that was read. */
  readonly onStale: (quarantine: QuarantineReport | undefined) => void;
}

/** The thread that holds the write connection, seen from the event loop. */
export class StoreThread {
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  readonly #listeners: ThreadListeners;
  #lastId = 0;
  #ended: StoreError | undefined;
  /** What the thread found damaged when it opened. */
  readonly quarantine: QuarantineReport | undefined;
  /** Set when the disk did not allow more than reading. */
  readonly refuge: RefugeReport | undefined;
  /** Resolves with the reason once the thread is gone. */
  readonly ended: Promise<StoreError>;

  private constructor(
    worker: Worker,
    ended: Promise<StoreError>,
    listeners: ThreadListeners,
    ready: Partial<Extract<FromThread, { kind: "ready" }>>,
  ) {
    this.#worker = worker;
    this.#listeners = listeners;
    this.quarantine = ready.quarantine;
    this.refuge = ready.refuge;
    this.ended = ended.then((error) => {
      this.#ended = error;
      for (const { reject } of this.#calls.values()) reject(error);
      this.#calls.clear();
      return error;
    });
    worker.on("message", this.#onMessage);
  }

  /**
   * Starts the thread and waits until it has the database open.
   * @throws {StoreOpenError} when it refuses, or ends before.
   */
  static async open(program: URL, job: StoreJob, listeners: ThreadListeners): Promise<StoreThread> {
    const worker = new Worker(program, { workerData: job, name: "tram-store" });
    let failure: Error | undefined;
    worker.once("error", (error) => {
      failure = error;
    });
    // `exit` comes last, when the connection of the thread is closed too.
    const ended = new Promise<StoreError>((resolve) => {
      worker.once("exit", (code) => {
        const reason = failure === undefined ? `exit code ${code}` : failure.message;
        resolve(new StoreError("io", `the store's thread ended: ${reason}`, { cause: failure }));
      });
    });
    const first = await Promise.race([
      new Promise<FromThread>((resolve) => void worker.once("message", resolve)),
      ended,
    ]);
    if (first instanceof StoreError) throw new StoreOpenError("io", first.message, { cause: first });
    if (first.kind === "refused") {
      await ended;
      throw new StoreOpenError(first.code, first.message);
    }
    return new StoreThread(worker, ended, listeners, first.kind === "ready" ? first : {});
  }

  /** @throws {StoreError} when the thread could not do it, or is gone: it may have been done or not then. */
  request<Kind extends keyof Requests>(kind: Kind, request: Requests[Kind]): Promise<Answers[Kind]> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id, kind });
    });
  }

  readonly #onMessage = (message: FromThread): void => {
    const { onFault, onReturned, onStale } = this.#listeners;
    if (message.kind === "fault") onFault(new StoreError(message.failure.code, message.failure.message));
    if (message.kind === "returned") onReturned();
    if (message.kind === "stale") onStale(message.quarantine);
    if (message.kind !== "answer" && message.kind !== "failed") return;
    const call = this.#calls.get(message.id);
    this.#calls.delete(message.id);
    // The thread answers each request with the value of its kind.
    if (message.kind === "answer") call?.resolve(message.value as never);
    else call?.reject(new StoreError(message.failure.code, message.failure.message));
  };
}
