import type { Server } from "node:net";
import { ConfigError } from "../../config/config-error.ts";

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "that another program holds it",
  EACCES: "that this user may not open it",
  EADDRNOTAVAIL: "that this machine does not have the address",
};

/**
 * Binds a server.
 * @returns the port, where 0 was asked for.
 * @throws {ConfigError} `port` when the port is taken or not allowed.
 */
export async function bind(
  server: Server,
  where: { host: string; port: number },
  key: string,
): Promise<number> {
  const { host, port } = where;
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => {
      const found = REASONS[cause.code ?? ""] ?? cause.message;
      reject(
        new ConfigError("port", `${key}: expected to listen on ${host}:${port}, found ${found}`, { cause }),
      );
    };
    server.once("error", refuse);
    server.listen(port, host, () => {
      server.off("error", refuse);
      // What comes later is about one connection (too many open files), and the server goes on.
      server.on("error", () => undefined);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}
