import { type ClientRequest, type IncomingMessage, request } from "node:http";

/** One message of a stream. */
export interface Message {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** A client of Server-Sent Events that shows what it gets, and comes back only when it is told to. */
export class EventStream implements Disposable {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly messages: Message[] = [];
  /** Id of the latest message, or of the mark behind it. */
  lastId = "";
  /** Resolves when the other end has ended it. */
  readonly ended: Promise<void>;
  readonly #request: ClientRequest;
  #rest = "";

  private constructor(sent: ClientRequest, response: IncomingMessage) {
    this.#request = sent;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    this.ended = new Promise((resolve) => response.once("close", resolve));
    response.on("error", () => undefined); // A stream that was cut is one that ended.
    response.setEncoding("utf8").on("data", (text: string) => this.#read(text));
  }

  static open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<EventStream> {
    return new Promise((resolve, reject) => {
      const sent = request(url, { agent: false, headers: { accept: "text/event-stream", ...headers } });
      sent.once("response", (response) => resolve(new EventStream(sent, response)));
      sent.on("error", reject);
      sent.end();
    });
  }

  get data(): readonly unknown[] {
    return this.messages.map(({ data }) => data);
  }

  [Symbol.dispose](): void {
    this.#request.destroy();
  }

  #read(text: string): void {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(
        block.split("\n").map((line) => [line.split(":", 1)[0], line.replace(/^\w*: ?/, "")]),
      );
      this.lastId = fields.get("id") ?? this.lastId;
      const data = fields.get("data");
      if (data === undefined) continue;
      this.messages.push({
        event: fields.get("event") ?? "message",
        id: this.lastId,
        data: JSON.parse(data),
      });
    }
  }
}
