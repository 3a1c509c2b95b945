import type { MqttClient } from "mqtt";
import { enter } from "./claiming-device.ts";

/** An account of the broker. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** A device that somebody plays. */
export interface PlayedDevice {
  readonly client: MqttClient;
  /** What it was told: `topic payload`. */
  readonly told: string[];
  /** Loses its connection without a word, so that its last will is published. */
  lose(): void;
}

interface Script {
  readonly will: { readonly topic: string; readonly payload: string };
  readonly listens: readonly string[];
  readonly hello: (say: Say) => Promise<void>;
  readonly answer: (topic: string, payload: string, say: Say) => void;
}

type Say = (topic: string, payload: object | string, retain?: boolean) => Promise<unknown>;

async function play(port: number, login: Login, script: Script): Promise<PlayedDevice> {
  const will = {
    topic: script.will.topic,
    payload: Buffer.from(script.will.payload),
    qos: 1 as const,
    retain: true,
  };
  const client = await enter(port, login, { clientId: login.username, will });
  const told: string[] = [];
  const say: Say = (topic, payload, retain = false) =>
    client.publishAsync(topic, typeof payload === "string" ? payload : JSON.stringify(payload), {
      qos: 1,
      retain,
    });
  client.on("message", (topic, payload) => {
    told.push(`${topic} ${payload.toString()}`);
    script.answer(topic, payload.toString(), say);
  });
  for (const filter of script.listens) await client.subscribeAsync(filter, { qos: 1 });
  await script.hello(say);
  return { client, told, lose: () => client.stream.destroy() };
}

const TASMOTA_MAC = "48551917E7AE";

/** A plug with Tasmota and energy monitoring: https://tasmota.github.io/docs/MQTT/. @param alsoHass as with SetOption19 1 before. */
export function playTasmota(port: number, login: Login, { alsoHass = false } = {}): Promise<PlayedDevice> {
  const { username: topic } = login;
  let power = "OFF";
  const sensors = {
    Time: "2024-01-01T00:00:00",
    ENERGY: { Total: 3.185, Power: 0, Voltage: 229, Current: 0 },
  };
  return play(port, login, {
    will: { topic: `tele/${topic}/LWT`, payload: "Offline" },
    listens: [`cmnd/${topic}/#`],
    hello: async (say) => {
      await say(`tele/${topic}/LWT`, "Online", true);
      if (alsoHass) {
        await say(
          `homeassistant/switch/${topic}/relay/config`,
          {
            name: "Relay",
            stat_t: `tele/${topic}/STATE`,
            cmd_t: `cmnd/${topic}/POWER`,
            val_tpl: "{{value_json.POWER}}",
            dev: { ids: [TASMOTA_MAC.slice(6)], name: topic },
          },
          true,
        );
      }
      const place = `tasmota/discovery/${TASMOTA_MAC}`;
      await say(
        `${place}/config`,
        {
          ip: "192.168.15.10",
          dn: topic,
          fn: [null],
          hn: `tasmota-${topic}`,
          mac: TASMOTA_MAC,
          md: "Nous A1T",
          ofln: "Offline",
          onln: "Online",
          state: ["OFF", "ON", "TOGGLE", "HOLD"],
          sw: "13.1.0.1",
          t: topic,
          ft: "%prefix%/%topic%/",
          tp: ["cmnd", "stat", "tele"],
          rl: [1, 0, 0, 0],
          swc: [-1],
          btn: [0],
          so: { 4: 0, 30: 0, 68: 0, 73: 0, 114: 0 },
          lk: 0,
          lt_st: 0,
          ver: 1,
        },
        true,
      );
      await say(`${place}/sensors`, { sn: sensors, ver: 1 }, true);
      await say(`tele/${topic}/STATE`, { POWER: power });
      await say(`tele/${topic}/SENSOR`, { ...sensors, ENERGY: { ...sensors.ENERGY, Power: 1_860 } });
    },
    answer: (heard, payload, say) => {
      if (heard !== `cmnd/${topic}/POWER1`) return;
      power = payload;
      void say(`stat/${topic}/RESULT`, { POWER: power });
      void say(`stat/${topic}/POWER`, power);
    },
  });
}

/** A Shelly Plug S of the first generation: https://shelly-api-docs.shelly.cloud/gen1/#shelly-plug-plugs-mqtt. */
export function playShelly1(port: number, login: Login): Promise<PlayedDevice> {
  const { username: id } = login;
  const base = `shellies/${id}`;
  let relay = "off";
  const tell = async (say: Say): Promise<void> => {
    await say(`${base}/relay/0`, relay);
    await say(`${base}/relay/0/power`, relay === "on" ? "43.20" : "0.00");
    await say(`${base}/relay/0/energy`, "90000");
  };
  return play(port, login, {
    will: { topic: `${base}/online`, payload: "false" },
    listens: [`${base}/command`, `${base}/relay/0/command`, "shellies/command"],
    hello: async (say) => {
      await say(`${base}/online`, "true", true);
      const announcement = { id, model: "SHPLG-S", mac: "98CDAC2A1B2C", ip: "192.168.1.7", new_fw: false };
      await say(`${base}/announce`, announcement);
      await say("shellies/announce", announcement);
      await tell(say);
    },
    answer: (topic, payload, say) => {
      if (topic === `${base}/relay/0/command`) relay = payload;
      void tell(say);
    },
  });
}

/**
 * A Shelly Plus 1PM: https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Mqtt. It announces nothing.
 * @param isLocked it refuses to switch.
 */
export function playShelly2(port: number, login: Login, { isLocked = false } = {}): Promise<PlayedDevice> {
  const prefix = `shellies/${login.username}`;
  const src = "shellyplus1pm-a8032abe54dc";
  const status = {
    id: 0,
    source: "init",
    output: false,
    apower: 8.9,
    voltage: 237.5,
    aenergy: { total: 6532 },
  };
  return play(port, login, {
    will: { topic: `${prefix}/online`, payload: "false" },
    listens: [`${prefix}/rpc`],
    hello: async (say) => {
      await say(`${prefix}/online`, "true", true);
    },
    answer: (topic, payload, say) => {
      if (topic !== `${prefix}/rpc`) return;
      const call = JSON.parse(payload) as {
        id: unknown;
        src: string;
        method: string;
        params?: { on: boolean };
      };
      const frame = { id: call.id, src, dst: call.src };
      const answer = (body: object): void => void say(`${call.src}/rpc`, { ...frame, ...body });
      switch (call.method) {
        case "Shelly.GetConfig":
          return answer({
            result: { "switch:0": { id: 0, name: "Kettle" }, sys: { device: { name: "Kitchen" } } },
          });
        case "Shelly.GetStatus":
          return answer({ result: { "input:0": { id: 0, state: false }, "switch:0": status, sys: {} } });
        case "Switch.Set":
          if (isLocked)
            return answer({ error: { code: -106, message: "Precondition failed: switch is locked" } });
          answer({ result: { was_on: status.output } });
          status.output = call.params?.on === true;
          void say(`${prefix}/events/rpc`, {
            src,
            dst: `${prefix}/events`,
            method: "NotifyStatus",
            params: { ts: 1626935779.5, "switch:0": { id: 0, output: status.output, source: "MQTT" } },
          });
          return undefined;
        default:
          return answer({ error: { code: 404, message: `No handler for ${call.method}` } });
      }
    },
  });
}

/** A weather station of Homie 4: https://homieiot.github.io/specification/spec-core-v4_0_0/. */
export function playHomie4(port: number, login: Login): Promise<PlayedDevice> {
  const base = `homie/${login.username}`;
  return play(port, login, {
    will: { topic: `${base}/$state`, payload: "lost" },
    listens: [],
    hello: async (say) => {
      const said = {
        $state: "init",
        $homie: "4.0.0",
        $name: "Weather station",
        $nodes: "outside",
        "outside/$name": "Outside",
        "outside/$properties": "temperature,sky",
        "outside/temperature": "21.5",
        "outside/temperature/$datatype": "float",
        "outside/temperature/$unit": "°C",
        "outside/sky/$datatype": "enum",
        "outside/sky/$format": "clear,cloudy",
      };
      for (const [path, text] of Object.entries(said)) await say(`${base}/${path}`, text, true);
      await say(`${base}/$state`, "ready", true);
      await say(`${base}/outside/sky`, "cloudy", true);
    },
    answer: () => undefined,
  });
}
