import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect as connectMqtt, type MqttClient } from "mqtt";
import { NODE_RED_DIR, nodeRedInstalled } from "../../scripts/node-red.ts";
import { type Caller, call } from "./http.ts";
import { PROBE } from "./mosquitto.ts";
import { freePort, type GatewayHandle, listening, Process } from "./processes.ts";

/** The palette, built. Node-RED finds it as somebody who works on nodes would have it found: by `nodesDir`. */
export const PALETTE = new URL("../../rules/node-red", import.meta.url).pathname;

export function nodeRedMissing(): string | false {
  if (nodeRedInstalled()) return false;
  if (process.env.CI === "true") throw new Error("Node-RED is missing: run scripts/test-tools.sh");
  return "Node-RED is not installed: run scripts/test-tools.sh";
}

/** A message that came out of a node under test. */
export interface Seen {
  /** The node that it came from. */
  readonly from: string;
  readonly topic?: string;
  readonly payload?: unknown;
  readonly [property: string]: unknown;
}

export type FlowNode = { readonly id: string; readonly type: string } & Readonly<Record<string, unknown>>;

/** A Node-RED of its own, as one has it on a PC: the real program, driven over its admin API. */
export class NodeRed implements AsyncDisposable {
  readonly process: Process;
  readonly url: string;

  private constructor(process_: Process, url: string) {
    this.process = process_;
    this.url = url;
  }

  static async start(folder: string): Promise<NodeRed> {
    const userDir = join(folder, "node-red-user");
    mkdirSync(userDir, { recursive: true });
    const port = await freePort();
    const settings = join(userDir, "settings.cjs");
    writeFileSync(
      settings,
      `module.exports = ${JSON.stringify({
        uiHost: "127.0.0.1",
        uiPort: port,
        flowFile: "flows.json",
        nodesDir: [PALETTE],
        credentialSecret: "for tests",
        telemetry: { enabled: false, updateNotification: false },
        logging: { console: { level: "info", metrics: false, audit: false } },
      })};`,
    );
    const process_ = new Process(process.execPath, [
      join(NODE_RED_DIR, "node_modules/node-red/red.js"),
      "--userDir",
      userDir,
      "--settings",
      settings,
    ]);
    await listening(port, 40_000);
    await process_.until(
      "Node-RED",
      ({ stdout }) => (/Started flows/.test(stdout) ? true : undefined),
      40_000,
    );
    return new NodeRed(process_, `http://127.0.0.1:${port}`);
  }

  /**
   * Deploys nodes; what a node sends to `seen:<name>` can be read afterwards.
   * @param mode `full` starts everything anew, `nodes` only what changed.
   */
  async deploy(nodes: readonly FlowNode[], mode: "full" | "nodes" = "full"): Promise<void> {
    const wired = JSON.stringify(nodes);
    const collectors = [...new Set([...wired.matchAll(/"(seen:[\w-]+)"/g)].map(([, name = ""]) => name))];
    const flows = [
      { id: "tab", type: "tab", label: "Test" },
      // Without a place in the tab Node-RED takes a node for one of configuration.
      ...nodes.map((node) =>
        node.type === "tram-gateway" ? node : { z: "tab", x: 0, y: 0, wires: [], ...node },
      ),
      ...collectors.map((id) => ({
        id,
        type: "function",
        z: "tab",
        x: 0,
        y: 0,
        func: `global.set("seen", [...(global.get("seen") ?? []), { ...msg, from: ${JSON.stringify(id.slice(5))} }]);`,
        outputs: 0,
        wires: [],
      })),
      ...route("in-seen", "get", "/seen", 'msg.payload = global.get("seen") ?? [];'),
      ...route("in-clear", "post", "/clear", 'global.set("seen", []); msg.payload = [];'),
    ];
    const answer = await fetch(`${this.url}/flows`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "node-red-api-version": "v1",
        "node-red-deployment-type": mode,
      },
      body: JSON.stringify(flows),
    });
    if (answer.status !== 204) throw new Error(`deploy: ${answer.status} ${await answer.text()}`);
  }

  async seen(from?: string): Promise<Seen[]> {
    const answer = await fetch(`${this.url}/seen`);
    // While a flow is being deployed nothing answers there.
    const all = answer.ok ? ((await answer.json()) as Seen[]) : [];
    return from === undefined ? all : all.filter((each) => each.from === from);
  }

  async clear(): Promise<void> {
    await fetch(`${this.url}/clear`, { method: "POST" });
  }

  /** Presses the button of an inject node, with a message. */
  async inject(node: string, msg: Readonly<Record<string, unknown>>): Promise<void> {
    const props = Object.entries(msg).map(([p, v]) => ({ p, v: JSON.stringify(v), vt: "json" }));
    const press = () =>
      fetch(`${this.url}/inject/${node}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ __user_inject_props__: props }),
      });
    let answer = await press();
    // A deployment is answered a moment before its flows run.
    for (let attempts = 0; answer.status === 404 && attempts < 100; attempts++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      answer = await press();
    }
    if (answer.status !== 200) throw new Error(`inject: ${answer.status}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}

function route(id: string, method: string, url: string, func: string): FlowNode[] {
  return [
    { id, type: "http in", z: "tab", url, method, wires: [[`${id}-do`]] },
    {
      id: `${id}-do`,
      type: "function",
      z: "tab",
      func: `${func} return msg;`,
      outputs: 1,
      wires: [[`${id}-out`]],
    },
    { id: `${id}-out`, type: "http response", z: "tab", wires: [] },
  ];
}

/** An inject node that is pressed by the test alone. */
export function button(id: string, ...to: string[]): FlowNode {
  return { id, type: "inject", props: [{ p: "payload" }], repeat: "", once: false, wires: [to] };
}

export async function token(gateway: GatewayHandle, admin: Caller, scope: string): Promise<string> {
  const made = await call(gateway, "POST", "/api/v1/tokens", {
    body: { name: "flows", scopes: [scope] },
    ...admin,
  });
  return (made.body as { token: string }).token;
}

/** The gateway of a flow. */
export function gatewayNode(address: string, secret: string, more: object = {}): FlowNode {
  return { id: "gw", type: "tram-gateway", address, credentials: { token: secret }, ...more };
}

/** A fan that does what it is told, and says so. */
export class Fan implements AsyncDisposable {
  readonly told: string[] = [];
  /** What it waits for before it says what it did. */
  patience: Promise<void> = Promise.resolve();
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
  }

  static async connect(port: number): Promise<Fan> {
    const client = connectMqtt({
      host: "127.0.0.1",
      port,
      ...PROBE,
      reconnectPeriod: 100,
      clientId: "the-fan",
      clean: false,
    });
    await new Promise((resolve, reject) => client.once("connect", resolve).once("error", reject));
    const fan = new Fan(client);
    client.on("message", (_topic, payload) => {
      fan.told.push(String(payload));
      void fan.patience.then(() =>
        client.publish("homie/5/fan/fan/on", String(payload), { qos: 1, retain: true }),
      );
    });
    await client.subscribeAsync("homie/5/fan/fan/on/set", { qos: 1 });
    return fan;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true);
  }
}
