import { editorLists } from "../editor-lists.ts";
import { Gateway, readSettings } from "../gateway.ts";
import type { LinkState } from "../live-link.ts";
import { fields } from "../outside.ts";
import type { NodeConfig, Red, RedNode } from "../red.ts";
import { systemTimers } from "../timers.ts";
import { gateways } from "./attach.ts";

const TYPE = "tram-gateway";

/** The configuration of one gateway: its address, and a token that Node-RED keeps among its credentials. */
export default function register(RED: Red): void {
  function gatewayNode(this: RedNode, config: NodeConfig): void {
    RED.nodes.createNode(this, config);
    const { address, ca } = config;
    const read = readSettings({ address, ca, token: fields(this.credentials)?.token });
    if (!read.ok) {
      this.warn(read.problem);
      return;
    }
    const onEdge = (edge: LinkState): void => {
      const where = read.settings.address.http;
      if (edge.state === "offline") this.warn(RED._(`${TYPE}.log.away`, { where, reason: edge.reason }));
      else if (edge.state === "online") this.log(RED._(`${TYPE}.log.online`, { where }));
    };
    const gateway = new Gateway({
      ...read.settings,
      timers: systemTimers,
      onEdge,
      onOdd: (what) => this.warn(what),
    });
    gateways.set(this, gateway);
    gateway.open();
    this.on("close", (_removed, done) => {
      gateways.delete(this);
      gateway[Symbol.dispose]();
      done();
    });
  }
  RED.nodes.registerType(TYPE, gatewayNode, { credentials: { token: { type: "password" } } });

  // What the editor offers in its lists. Node-RED checks who asks.
  RED.httpAdmin.get("/tram/:gateway/lists", RED.auth.needsPermission("flows.read"), (request, response) => {
    const node = RED.nodes.getNode(request.params.gateway ?? "");
    const gateway = typeof node === "object" && node !== null ? gateways.get(node) : undefined;
    if (gateway === undefined) response.status(404).json({ code: "not-deployed" });
    else if (gateway.mirror.gateway === undefined) {
      const { link } = gateway;
      response.status(503).json({ code: link.state === "offline" ? link.code : link.state });
    } else response.json(editorLists(gateway.mirror));
  });
}
