import airConditioner from "../../models/air-conditioner.tm.json" with { type: "json" };
import airQuality from "../../models/air-quality.tm.json" with { type: "json" };
import battery from "../../models/battery.tm.json" with { type: "json" };
import button from "../../models/button.tm.json" with { type: "json" };
import colorLight from "../../models/color-light.tm.json" with { type: "json" };
import contact from "../../models/contact.tm.json" with { type: "json" };
import cover from "../../models/cover.tm.json" with { type: "json" };
import dimmableLight from "../../models/dimmable-light.tm.json" with { type: "json" };
import energyMeter from "../../models/energy-meter.tm.json" with { type: "json" };
import fan from "../../models/fan.tm.json" with { type: "json" };
import gasMeter from "../../models/gas-meter.tm.json" with { type: "json" };
import genericIo from "../../models/generic-io.tm.json" with { type: "json" };
import illuminance from "../../models/illuminance.tm.json" with { type: "json" };
import irRemote from "../../models/ir-remote.tm.json" with { type: "json" };
import leak from "../../models/leak.tm.json" with { type: "json" };
import lock from "../../models/lock.tm.json" with { type: "json" };
import motion from "../../models/motion.tm.json" with { type: "json" };
import occupancy from "../../models/occupancy.tm.json" with { type: "json" };
import plugMeter from "../../models/plug-meter.tm.json" with { type: "json" };
import pressure from "../../models/pressure.tm.json" with { type: "json" };
import pump from "../../models/pump.tm.json" with { type: "json" };
import relayBoard from "../../models/relay-board.tm.json" with { type: "json" };
import siren from "../../models/siren.tm.json" with { type: "json" };
import smoke from "../../models/smoke.tm.json" with { type: "json" };
import soil from "../../models/soil.tm.json" with { type: "json" };
import switchModel from "../../models/switch.tm.json" with { type: "json" };
import temperatureHumidity from "../../models/temperature-humidity.tm.json" with { type: "json" };
import thermostat from "../../models/thermostat.tm.json" with { type: "json" };
import tunableLight from "../../models/tunable-light.tm.json" with { type: "json" };
import valve from "../../models/valve.tm.json" with { type: "json" };
import waterLevel from "../../models/water-level.tm.json" with { type: "json" };
import waterMeter from "../../models/water-meter.tm.json" with { type: "json" };
import weather from "../../models/weather.tm.json" with { type: "json" };
import { modelName, type ThingModel } from "./thing-model.ts";

/** Checked against the schema by a test, not at each start. */
const MODELS = [
  airConditioner,
  airQuality,
  battery,
  button,
  colorLight,
  contact,
  cover,
  dimmableLight,
  energyMeter,
  fan,
  gasMeter,
  genericIo,
  illuminance,
  irRemote,
  leak,
  lock,
  motion,
  occupancy,
  plugMeter,
  pressure,
  pump,
  relayBoard,
  siren,
  smoke,
  soil,
  switchModel,
  temperatureHumidity,
  thermostat,
  tunableLight,
  valve,
  waterLevel,
  waterMeter,
  weather,
] as unknown as readonly ThingModel[];

/** The standard models by name. */
export const THING_MODELS: ReadonlyMap<string, ThingModel> = new Map(
  MODELS.map((model) => [modelName(model), model]),
);
