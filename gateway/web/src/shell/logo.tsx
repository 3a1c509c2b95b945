import { PRODUCT } from "@tram/protocol";
import icon from "../theme/icon.svg";

/** @param gateway which one it is, for people who have several. */
export function Logo({ gateway }: { readonly gateway?: string | undefined }) {
  return (
    <span className="logo">
      <img src={icon} alt="" width="28" height="28" />
      <span className="logo-text">
        {PRODUCT.title}
        {gateway === undefined ? null : <span className="logo-gateway">{gateway}</span>}
      </span>
    </span>
  );
}
