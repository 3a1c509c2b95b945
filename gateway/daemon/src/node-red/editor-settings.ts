import { NODE_RED_ROOT } from "./path.ts";
import type { NodeRedStart } from "./wire.ts";

/**
 * Node-RED's settings (nodered.org, "Runtime configuration"): an editor behind the gateway's sign-on, and nothing that
 * calls home or is served to others.
 */
export function editorSettings({ userDir, palette, safeMode, title }: NodeRedStart): object {
  return {
    userDir,
    flowFile: "flows.json",
    httpAdminRoot: NODE_RED_ROOT,
    // What flows would serve (HTTP In, dashboards) would run in the browser as a page of the gateway.
    httpNodeRoot: false,
    safeMode,
    telemetry: { enabled: false, updateNotification: false },
    externalModules: {
      autoInstall: false,
      palette: { allowInstall: palette, allowUpload: palette, allowUpdate: palette },
      modules: { allowInstall: palette },
    },
    functionExternalModules: palette,
    exportGlobalContextKeys: false,
    diagnostics: { enabled: true, ui: true },
    runtimeState: { enabled: false, ui: false },
    debugMaxLength: 1_000,
    mqttReconnectTime: 15_000,
    serialReconnectTime: 15_000,
    editorTheme: {
      page: { title: `Node-RED · ${title}` },
      header: { title, url: "/" },
      tours: false,
      userMenu: false,
      palette: palette ? {} : { catalogues: [] },
    },
  };
}
