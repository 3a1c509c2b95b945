import type { PropertyAffordance } from "@tram/protocol";
import { useAppDispatch } from "../../store/hooks.ts";
import { setProperty } from "../set-property.ts";
import { ChoiceControl } from "./choice-control.tsx";
import { NumberControl } from "./number-control.tsx";
import { OnOffButtons } from "./on-off-buttons.tsx";
import { TextControl } from "./text-control.tsx";
import { Toggle } from "./toggle.tsx";

export interface ControlProps {
  readonly affordance: PropertyAffordance;
  /** The last reported value. */
  readonly value: unknown;
  /** Title of the property. */
  readonly name: string;
  /** Id of the element that shows the name. */
  readonly labelId: string;
  /** True where no value is reported, so that each command is an occurrence of its own. */
  readonly blind: boolean;
  readonly send: (value: unknown) => void;
}

/** True when the UI has a control for this kind of property: lists and objects are only shown. */
export function hasControl(affordance: PropertyAffordance): boolean {
  return affordance.readOnly !== true && affordance.type !== "object" && affordance.type !== "array";
}

interface Props extends Omit<ControlProps, "send" | "blind"> {
  readonly thing: string;
  readonly property: string;
}

/** The control that suits the property. */
export function Control({ thing, property, ...rest }: Props) {
  const dispatch = useAppDispatch();
  const { affordance, value } = rest;
  const blind = affordance.momentary === true || affordance.writeOnly === true;
  const props: ControlProps = {
    ...rest,
    blind,
    send: (wanted) => void dispatch(setProperty(thing, property, wanted)),
  };
  switch (affordance.type) {
    case "boolean":
      return blind || typeof value !== "boolean" ? (
        <OnOffButtons {...props} />
      ) : (
        <Toggle {...props} checked={value} />
      );
    case "integer":
    case "number":
      return <NumberControl {...props} />;
    case "string":
      return affordance.enum === undefined ? (
        <TextControl {...props} />
      ) : (
        <ChoiceControl {...props} options={affordance.enum} />
      );
    default:
      return null;
  }
}
