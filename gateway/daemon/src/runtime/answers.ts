import { connect } from "node:net";

/** Whether somebody listens on a Unix socket: `yes`, `no` (nothing there, or left behind), or `forbidden` to this user. */
export function answers(path: string): Promise<"yes" | "no" | "forbidden"> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve("yes");
    });
    socket.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code === "EACCES" || error.code === "EPERM" ? "forbidden" : "no"),
    );
  });
}
