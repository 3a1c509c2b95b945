import type { Catalogue } from "./translation.ts";

/** What the server tells a page: LuCI's `L.env`, and what its template does besides. */
export interface Environment {
  readonly sessionid: string;
  readonly scriptname: string;
  readonly resource: string;
  /** `readonly` where no right to write comes with the page's ACL groups. */
  readonly nodespec: { readonly readonly: boolean };
  /** The view that the page shows: `tram/overview`. */
  readonly view: string;
  readonly catalogue: Catalogue;
}
