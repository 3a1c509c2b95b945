/**
 * What people who make devices call what they measure, in English and Vietnamese, written as `bareWord` does. Of several
 * properties with a word the first counts whose type the values have.
 */
const WORDS: readonly (readonly [key: string, words: string])[] = [
  ["air/temperature", "t temp tmp temperature nhiet nhietdo nhietdokk"],
  ["air/humidity", "h rh hum humi humid humidity am doam doamkk"],
  ["air/pressure", "press pressure baro barometer apsuat"],
  ["air/co2", "co2"],
  ["air/pm1", "pm1"],
  ["air/pm25", "pm25"],
  ["air/pm10", "pm10 bui"],
  ["air/tvoc", "voc tvoc"],
  ["soil/moisture", "soil moisture soilmoisture soilhum soilhumidity dat amdat doamdat"],
  ["soil/temperature", "soiltemp soiltemperature nhietdodat"],
  ["soil/ph", "ph"],
  ["soil/conductivity", "ec conductivity dodandien"],
  ["ambient/illuminance", "light lux lx illuminance brightness sang anhsang dosang"],
  ["light/on", "light lamp led bulb den"],
  ["light/brightness", "dimmer dim"],
  ["switch/on", "relay relays switch sw power output role rele congtac dien"],
  ["plug/on", "plug socket outlet ocam"],
  ["pump/on", "pump bom maybom"],
  ["pump/flow", "flow luuluong"],
  ["valve/open", "valve van"],
  ["fan/on", "fan quat"],
  ["fan/speed", "fan fanspeed quat tocdoquat"],
  ["siren/on", "siren buzzer alarm coi chuong"],
  ["contact/open", "door window contact reed gate cua cuaso cong"],
  ["motion/detected", "motion pir movement chuyendong"],
  ["presence/occupied", "presence occupancy occupied nguoi"],
  ["leak/detected", "leak water flood ronuoc ngap"],
  ["smoke/detected", "smoke fire khoi chay"],
  ["lock/locked", "lock khoa"],
  ["battery/level", "b bat batt battery pin"],
  ["battery/voltage", "bat batt battery vbat batv batteryvoltage pin dienappin"],
  ["meter/power", "power watt watts congsuat"],
  ["meter/energy", "energy kwh diennang"],
  ["meter/voltage", "v volt volts voltage dienap"],
  ["meter/current", "current amp amps dongdien"],
  ["meter/frequency", "freq frequency tanso"],
  ["meter/power-factor", "pf powerfactor cosphi"],
  ["tank/level", "tank level waterlevel mucnuoc bonnuoc"],
  ["tank/depth", "depth dosau"],
  ["rain/raining", "rain raining mua"],
  ["rain/total", "rain rainfall mua luongmua"],
  ["wind/speed", "wind windspeed gio tocdogio"],
  ["wind/direction", "winddir winddirection huonggio"],
  ["sun/irradiance", "solar irradiance bucxa"],
  ["sun/uv-index", "uv uvi uvindex"],
];

const KEYS = new Map<string, readonly string[]>();
for (const [key, words] of WORDS) {
  for (const word of words.split(" ")) KEYS.set(word, [...(KEYS.get(word) ?? []), key]);
}

/** A level that says how and not what: the name stands before it. */
const CARRIERS = new Set(
  "data state status value values val telemetry tele sensor sensors json payload msg info out get read up uplink dulieu trangthai giatri cambien".split(
    " ",
  ),
);
/** A level at which commands are taken. */
const ORDERS = new Set("set cmd command commands cmnd control ctl ctrl write in lenh dieukhien".split(" "));
/** A level at which a device, or its will, tells whether it is there. */
const PRESENCE = new Set(
  "status state lwt availability available online alive connection trangthai ketnoi".split(" "),
);

/** Words for true and false, true first. */
export const PAIRS: readonly (readonly [yes: string, no: string])[] = [
  ["on", "off"],
  ["true", "false"],
  ["1", "0"],
  ["yes", "no"],
  ["open", "closed"],
  ["open", "close"],
  ["opened", "closed"],
  ["active", "inactive"],
  ["detected", "clear"],
  ["high", "low"],
  ["locked", "unlocked"],
  ["bat", "tat"],
  ["mo", "dong"],
  ["bật", "tắt"],
  ["mở", "đóng"],
  ["có", "không"],
];
export const PRESENCE_PAIRS: readonly (readonly [yes: string, no: string])[] = [
  ["online", "offline"],
  ["connected", "disconnected"],
  ["alive", "dead"],
  ["up", "down"],
];

/** `Nhiệt_độ 2` and `nhietDo2` are `nhietdo2`. */
export function bareWord(text: string): string {
  return text
    .slice(0, 256)
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/[\u0111\u0110]/g, "d")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "");
}

export function isCarrier(level: string): boolean {
  return CARRIERS.has(bareWord(level));
}

export function isOrder(level: string): boolean {
  return ORDERS.has(bareWord(level));
}

export function isPresence(level: string): boolean {
  return PRESENCE.has(bareWord(level));
}

/** A name as it was understood. */
export interface Named {
  /** Keys of properties that it may be, the likeliest first. */
  readonly keys: readonly string[];
  /** `temp2` is the second one. */
  readonly number: string;
}

/** What a name may mean: as a whole, without its number, or by its last or first word. */
export function understood(name: string): Named {
  const bare = bareWord(name);
  const [, stem = bare, number = ""] = /^(.*?[a-z])(\d{1,3})$/.exec(bare) ?? [];
  const parts = name
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .split(/[^\p{L}\p{M}\d]+/u)
    .map(bareWord)
    .filter((part) => part !== "");
  for (const [word, counted] of [
    [bare, ""],
    [stem, number],
    [parts.at(-1), ""],
    [parts.at(-1)?.replace(/(?<!\d)\d+$/, ""), number],
    [parts[0], ""],
  ] as const) {
    const keys = KEYS.get(word ?? "");
    if (keys !== undefined) return { keys, number: counted };
  }
  return { keys: [], number };
}
