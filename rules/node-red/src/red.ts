/** As much of Node-RED as the nodes use (nodered.org, "Creating Nodes", JavaScript file). */

export interface NodeMessage {
  topic?: unknown;
  payload?: unknown;
  [property: string]: unknown;
}

/** Of a node with several outputs: one entry for each, where there is something to send. */
export type Sendable = NodeMessage | readonly (NodeMessage | null)[];

export interface NodeStatus {
  readonly fill: "red" | "green" | "yellow" | "blue" | "grey";
  readonly shape: "ring" | "dot";
  /** A text, or the name of one in the node's own catalogue, which the editor translates. */
  readonly text: string;
}

export interface RedNode {
  readonly id: string;
  readonly credentials?: unknown;
  on(
    event: "input",
    listener: (msg: NodeMessage, send: (msg: Sendable) => void, done: (error?: Error) => void) => void,
  ): void;
  on(event: "close", listener: (removed: boolean, done: () => void) => void): void;
  send(msg: Sendable): void;
  status(status: NodeStatus): void;
  log(text: string): void;
  warn(text: string): void;
}

export interface AdminRequest {
  readonly params: Readonly<Record<string, string | undefined>>;
}

export interface AdminResponse {
  status(code: number): AdminResponse;
  json(body: unknown): void;
}

type AdminHandler = (request: AdminRequest, response: AdminResponse, next: () => void) => void;

/** What a flow file says of a node: anything. */
export type NodeConfig = Readonly<Record<string, unknown>>;

export interface Red {
  readonly nodes: {
    createNode(node: RedNode, config: NodeConfig): void;
    registerType(
      type: string,
      construct: (this: RedNode, config: NodeConfig) => void,
      options?: { credentials?: Readonly<Record<string, { type: "text" | "password" }>> },
    ): void;
    getNode(id: string): unknown;
  };
  readonly httpAdmin: { get(path: string, ...handlers: AdminHandler[]): void };
  readonly auth: { needsPermission(permission: string): AdminHandler };
  /** A text of the node's catalogue. */
  _(key: string, values?: Readonly<Record<string, string | number>>): string;
}
