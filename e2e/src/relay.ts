import { connect } from "mqtt";
import { PROBE } from "./mosquitto.ts";

/** A relay at the gateway's own broker, whose session waits for it; it tells what it was set to, and says nothing by itself. */
export async function openRelay(
  port: number,
): Promise<{ set: string[]; report(on: boolean): Promise<void> } & AsyncDisposable> {
  const client = connect({ host: "127.0.0.1", port, ...PROBE, clean: false, clientId: "relay" });
  const set: string[] = [];
  client.on("message", (_topic, payload) => set.push(payload.toString()));
  await new Promise((resolve, reject) => client.once("connect", resolve).once("error", reject));
  await client.subscribeAsync("homie/5/relay/switch/on/set", { qos: 1 });
  await client.publishAsync("homie/5/relay/$state", "ready", { qos: 1, retain: true });
  return {
    set,
    report: async (on) => {
      await client.publishAsync("homie/5/relay/switch/on", String(on), { qos: 1, retain: true });
    },
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}
