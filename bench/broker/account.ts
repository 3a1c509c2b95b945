/**
 * The account of all clients: a device that may read and write below `ROOT` alone, so that every broker has something
 * to check.
 */
export const ACCOUNT = { username: "bench", password: "bench-password" } as const;
export const ROOT = "bench";
