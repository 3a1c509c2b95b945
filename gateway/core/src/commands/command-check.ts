import {
  type CommandFailureCode,
  type CommandRequest,
  checkValue,
  type Json,
  type Ms,
  type PropertyKey,
  type Thing,
} from "@tram/protocol";

export type CommandCheck =
  | {
      readonly ok: true;
      /** The value as it is sent: rounded to the step. */
      readonly value: Json;
      /** The target reports what became of it; otherwise the command ends at `sent`. */
      readonly reports: boolean;
      /** How long the confirmation may take, where the Thing says so. */
      readonly confirmMs?: Ms;
    }
  | { readonly ok: false; readonly code: CommandFailureCode; readonly reason: string };

/** Checks a request against the description of its Thing. */
export function checkCommand(thing: Thing, { target, value }: CommandRequest): CommandCheck {
  return "property" in target
    ? checkWrite(thing, target.property, value)
    : checkAction(thing, target.action, value);
}

export function refuseCommand(code: CommandFailureCode, reason: string): CommandCheck {
  return { ok: false, code, reason };
}

function checkWrite(thing: Thing, property: PropertyKey, value: Json): CommandCheck {
  const affordance = Object.hasOwn(thing.properties, property) ? thing.properties[property] : undefined;
  if (affordance === undefined)
    return refuseCommand("unknown-property", `${thing.id} has no property ${property}`);
  if (affordance.readOnly === true)
    return refuseCommand("read-only", `${thing.id}/${property} cannot be written`);
  const checked = checkValue(affordance, value);
  if (!checked.ok) return refuseCommand("invalid-value", checked.problem);
  return {
    ok: true,
    value: checked.value,
    reports: affordance.writeOnly !== true && affordance.momentary !== true,
    ...(affordance.confirmMs === undefined ? {} : { confirmMs: affordance.confirmMs }),
  };
}

function checkAction(thing: Thing, action: string, input: Json): CommandCheck {
  const affordance =
    thing.actions !== undefined && Object.hasOwn(thing.actions, action) ? thing.actions[action] : undefined;
  if (affordance === undefined) return refuseCommand("unknown-action", `${thing.id} has no action ${action}`);
  if (affordance.input === undefined) return { ok: true, value: null, reports: false };
  const checked = checkValue(affordance.input, input);
  if (!checked.ok) return refuseCommand("invalid-value", checked.problem);
  return { ok: true, value: checked.value, reports: false };
}
