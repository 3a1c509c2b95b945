import { Worker } from "node:worker_threads";
import { StoreError } from "@tram/core";
import type { QuarantineReport } from "./quarantine.ts";
import { StoreOpenError } from "./store-open-error.ts";
import type { Answers, FromThread, Requests, StoreJob } from "./wire.ts";

/** An answer that is waited for. */
interface Call {
  readonly resolve: (value: never) => void;
  readonly reject: (error: StoreError) => void;
}

/** The thread that holds the write connection, seen from the event loop. */
export class StoreThread {
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  readonly #onFault: (error: StoreError) => void;
  #lastId = 0;
  #ended: StoreError | undefined;
  /** What the thread found damaged when it opened. */
  readonly quarantine: QuarantineReport | undefined;
  /** Resolves with the reason once the thread is gone. */
  readonly ended: Promise<StoreError>;

  private constructor(
    worker: Worker,
    ended: Promise<StoreError>,
    onFault: (error: StoreError) => void,
    report: QuarantineReport | undefined,
  ) {
    this.#worker = worker;
    this.#onFault = onFault;
    this.quarantine = report;
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
  static async open(program: URL, job: StoreJob, onFault: (error: StoreError) => void): Promise<StoreThread> {
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
    return new StoreThread(worker, ended, onFault, first.kind === "ready" ? first.quarantine : undefined);
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
    if (message.kind === "fault")
      this.#onFault(new StoreError(message.failure.code, message.failure.message));
    if (message.kind !== "answer" && message.kind !== "failed") return;
    const call = this.#calls.get(message.id);
    this.#calls.delete(message.id);
    // The thread answers each request with the value of its kind.
    if (message.kind === "answer") call?.resolve(message.value as never);
    else call?.reject(new StoreError(message.failure.code, message.failure.message));
  };
}
