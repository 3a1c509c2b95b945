import type { SetupCodeView } from "@tram/protocol";
import type { CommandBody } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";

/** Opens a new set-up window. Who may use the local socket may become administrator. */
export const setup: CommandBody = async (context) => {
  const { output } = context;
  const client = await DaemonClient.of(context);
  const view = (await client.call("POST", "/api/v1/setup/code")).body as unknown as SetupCodeView;
  output.show(view, () => {
    if (view.code === undefined) output.line("This gateway has an administrator already.");
    else {
      const minutes = Math.round((view.expiresInS ?? 0) / 60);
      output.line(`${output.style("green", view.code)}  (once, within ${minutes} minutes, in the web UI)`);
    }
  });
  return 0;
};
