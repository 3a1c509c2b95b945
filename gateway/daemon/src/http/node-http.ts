/**
 * Node's HTTP without its `fetch`. An `import` of "node:http" reads all of its exports, `WebSocket` among them, and that
 * loads undici: 15 MB of memory for what is never called.
 */
export const { createServer, request } = process.getBuiltinModule("node:http");
