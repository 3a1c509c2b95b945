import type { ControlProps } from "./control.tsx";

/** A switch that stands where the device last said it stands, also while a command is under way. */
export function Toggle({ checked, labelId, send }: ControlProps & { readonly checked: boolean }) {
  return (
    <button
      type="button"
      role="switch"
      className="switch"
      aria-checked={checked}
      aria-labelledby={labelId}
      onClick={() => send(!checked)}
    >
      <span className="switch-thumb" />
    </button>
  );
}
