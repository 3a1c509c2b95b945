import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { house, startGateway, temporaryFolder } from "./processes.ts";

/** Eclipse Paho's client for browsers, as far as it is used here; it brings no types. */
interface PahoMessage {
  payloadString: string;
  destinationName: string;
  qos: number;
  retained: boolean;
}
interface PahoClient {
  onMessageArrived: (message: PahoMessage) => void;
  onMessageDelivered: (message: PahoMessage) => void;
  connect(options: {
    userName: string;
    password: string;
    cleanSession: boolean;
    onSuccess: () => void;
    onFailure: (error: { errorMessage: string }) => void;
  }): void;
  subscribe(filter: string, options: { qos: number; onSuccess: () => void }): void;
  send(topic: string, payload: string, qos: number, retained: boolean): void;
  disconnect(): void;
}

// It looks for the WebSocket of a browser, and takes Node's.
const { Client } = createRequire(import.meta.url)("paho-mqtt") as {
  readonly Client: new (uri: string, clientId: string) => PahoClient;
};

async function connect(uri: string, id: string, cleanSession: boolean): Promise<PahoClient> {
  const client = new Client(uri, id);
  await new Promise<void>((resolve, reject) => {
    const onFailure = ({ errorMessage }: { errorMessage: string }): void => reject(new Error(errorMessage));
    client.connect({
      userName: "probe",
      password: "probe-password",
      cleanSession,
      onSuccess: resolve,
      onFailure,
    });
  });
  return client;
}

test("Paho's client over WebSocket: every QoS, retained messages, and a session that waits", async () => {
  using folder = temporaryFolder("paho");
  const gateway = await startGateway(house(folder.path).config);
  await using _process = gateway.process;
  const uri = `ws://127.0.0.1:${gateway.httpPort}/mqtt`;
  const heard: string[] = [];
  const listen = (client: PahoClient): void => {
    client.onMessageArrived = ({ destinationName, payloadString, qos, retained }) =>
      void heard.push(`${destinationName} ${payloadString} ${qos}${retained ? " retained" : ""}`);
  };
  const speaker = await connect(uri, "speaker", true);
  const delivered: string[] = [];
  speaker.onMessageDelivered = ({ payloadString }) => void delivered.push(payloadString);
  speaker.send("room/kept", "k", 1, true);
  await expect.poll(() => delivered).toEqual(["k"]);

  const listener = await connect(uri, "listener", false);
  listen(listener);
  await new Promise<void>((resolve) => listener.subscribe("room/#", { qos: 2, onSuccess: resolve }));
  for (const qos of [0, 1, 2]) speaker.send("room/live", String(qos), qos, false);
  await expect.poll(() => heard.length).toBe(4);
  expect([...heard].sort()).toEqual([
    "room/kept k 1 retained",
    "room/live 0 0",
    "room/live 1 1",
    "room/live 2 2",
  ]);

  listener.disconnect();
  speaker.send("room/later", "l", 2, false);
  await expect.poll(() => delivered.at(-1)).toBe("l");
  heard.length = 0;
  const back = new Client(uri, "listener");
  listen(back);
  await new Promise<void>((resolve, reject) => {
    const onFailure = ({ errorMessage }: { errorMessage: string }): void => reject(new Error(errorMessage));
    back.connect({
      userName: "probe",
      password: "probe-password",
      cleanSession: false,
      onSuccess: resolve,
      onFailure,
    });
  });
  await expect.poll(() => heard).toEqual(["room/later l 2"]);
  for (const client of [speaker, back]) client.disconnect();
});
