import { createRoot } from "react-dom/client";
import { Provider } from "react-redux";
import { loadSession } from "./account/session-thunks.ts";
import { createApiClient } from "./api/client.ts";
import { App } from "./app.tsx";
import { createGatewayTime } from "./live/gateway-time.ts";
import { later } from "./live/later.ts";
import { GatewayTimeContext } from "./live/use-gateway-time.ts";
import { watchTravel } from "./shell/leaving.ts";
import { createStore } from "./store/store.ts";
import { applyPreferences } from "./theme/apply-preferences.ts";
import { loadPreferences, savePreferences } from "./theme/preferences.ts";
import "./theme/tokens.css";
import "./theme/base.css";
import "./theme/controls.css";
import "./shell/shell.css";
import "./shell/complaints.css";
import "./things/things.css";
import "./rules/rules.css";
import "./system/system.css";
import "./account/account.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

const storage = () => localStorage;
const store = createStore(
  { api: createApiClient(fetch.bind(globalThis)), later, random: Math.random },
  loadPreferences(storage, navigator.languages),
);
const time = createGatewayTime({
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  every(periodMs, run) {
    const timer = setInterval(run, periodMs);
    return () => clearInterval(timer);
  },
});

let applied = store.getState().preferences;
applyPreferences(document.documentElement, applied);
store.subscribe(() => {
  const { preferences } = store.getState();
  if (preferences === applied) return;
  applied = preferences;
  applyPreferences(document.documentElement, preferences);
  savePreferences(storage, preferences);
});

watchTravel();
void store.dispatch(loadSession());
createRoot(root).render(
  <Provider store={store}>
    <GatewayTimeContext.Provider value={time}>
      <App />
    </GatewayTimeContext.Provider>
  </Provider>,
);
