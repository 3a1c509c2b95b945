import { signedOut } from "../account/session-slice.ts";
import type { AppThunk } from "../store/store.ts";
import { commandTarget } from "./command-entry.ts";
import { asked, refused, taken } from "./commands-slice.ts";

/** After this long without a word about an accepted command, its row stops saying "sending". In milliseconds. */
const NO_WORD_MS = 15_000;

let lastTicket = 0;

/** Asks the gateway to write a property. Its row shows what comes of it; the value changes when the device says so. */
export function setProperty(thing: string, property: string, value: unknown): AppThunk<Promise<void>> {
  return async (dispatch, _getState, { api, later }) => {
    const target = commandTarget(thing, property);
    const ticket = ++lastTicket;
    dispatch(asked({ target, ticket, value }));
    const result = await api.setProperty(thing, property, value);
    if (result.ok) {
      dispatch(taken({ target, ticket }));
      later(NO_WORD_MS, () => dispatch(refused({ target, ticket, code: "no-word" })));
      return;
    }
    const { status, code, detail } = result.problem;
    if (status === 401) {
      dispatch(signedOut("ended"));
      return;
    }
    const shown = status === 403 ? "forbidden" : code;
    dispatch(refused({ target, ticket, code: shown, ...(detail === undefined ? {} : { reason: detail }) }));
  };
}
