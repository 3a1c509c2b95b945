import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";

/** A request that arrived. */
export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A real HTTP server on loopback that writes down what arrives. */
export interface HttpPeer extends AsyncDisposable {
  readonly port: number;
  readonly arrived: readonly Arrived[];
  /** Resolves when so many requests have arrived whose URL begins with `url`. */
  until(count: number, url?: string, withinMs?: number): Promise<void>;
}

/** @param answer without one, a request is never answered. */
export async function httpPeer(
  answer: (request: Arrived, response: ServerResponse) => void = () => undefined,
): Promise<HttpPeer> {
  const arrived: Arrived[] = [];
  const watchers = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { headers, method = "", url = "" } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks).toString("utf8") };
      arrived.push(one);
      for (const watcher of [...watchers]) watcher();
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    arrived,
    until: (count, url = "/", withinMs = 20_000) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (arrived.filter((one) => one.url.startsWith(url)).length < count) return;
          clearTimeout(late);
          watchers.delete(look);
          resolve();
        };
        const late = setTimeout(() => {
          watchers.delete(look);
          reject(new Error(`${url}: not ${count} requests, but ${JSON.stringify(arrived)}`));
        }, withinMs);
        watchers.add(look);
        look();
      }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
