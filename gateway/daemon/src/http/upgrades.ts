import { servesHost } from "./names.ts";
import type { Upgrade } from "./server.ts";

/**
 * Finds who takes over a connection that a client wants to upgrade. A name that is not the gateway's own is turned away
 * before (DNS rebinding).
 * @param find who takes a path; nobody: 404.
 */
export function upgrades(find: (path: string) => Upgrade | undefined, hosts: readonly string[]): Upgrade {
  return (request, socket, head, local) => {
    // From here on nobody else listens: a client that breaks off must not end the gateway.
    socket.on("error", () => socket.destroy());
    // Without a parser: there are targets that `URL` throws on.
    const take = find(request.url?.split(/[?#]/, 1)[0] ?? "");
    if (take === undefined) socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
    else if (!local && !servesHost(request.headers.host, hosts)) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
    } else take(request, socket, head, local);
  };
}
