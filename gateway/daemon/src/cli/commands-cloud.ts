import type { CloudAdded, CloudCheckView, CloudView } from "@tram/protocol";
import type { CommandBody } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { newCloudOf, ownCertificate, ownPassword } from "./new-cloud-options.ts";
import type { Output } from "./output.ts";
import { UsageError } from "./usage-error.ts";

const PATH = "/api/v1/clouds";

/** `cloud add aws|ibm|mqtt` */
export const cloudAdd: CommandBody = async (context) => {
  const { output } = context;
  const body = newCloudOf(context);
  const client = await DaemonClient.of(context);
  const work = client.call("POST", PATH, body);
  const added = (await output.progress("looking at the cloud", work)).body as unknown as CloudAdded;
  output.show(added, () => {
    if (added.check !== undefined) showCheck(output, added.check);
    const { id, thing } = added.cloud;
    output.line(`${output.style("green", id)} is added${thing === undefined ? "" : ` as ${thing}`}.`);
  });
  return 0;
};

/** `cloud check [ID]` */
export const cloudCheck: CommandBody = async (context) => {
  const { args, output } = context;
  const client = await DaemonClient.of(context);
  const ids = args.length > 0 ? args : (await clouds(client)).map(({ id }) => id);
  const checks: CloudCheckView[] = [];
  for (const id of new Set(ids)) {
    const work = client.call("POST", `${PATH}/${encodeURIComponent(id)}/check`, {});
    checks.push((await output.progress(`looking at ${id}`, work)).body as unknown as CloudCheckView);
  }
  output.show({ checks }, () => {
    if (checks.length === 0) output.line("There is no cloud.");
    for (const check of checks) {
      output.line(output.style("bold", check.id));
      showCheck(output, check);
    }
  });
  return checks.every(({ ok }) => ok) ? 0 : 1;
};

/** `cloud list` */
export const cloudList: CommandBody = async (context) => {
  const { output } = context;
  const found = await clouds(await DaemonClient.of(context));
  output.show({ clouds: found }, () => {
    if (found.length === 0) {
      output.line("There is no cloud.");
      return;
    }
    output.table(
      ["CLOUD", "PROVIDER", "PLACE", "FROM", "STATE", "THING", "CERTIFICATE UNTIL", "RENEWED ON", "PROBLEM"],
      found.map((cloud) => [
        cloud.id,
        cloud.provider,
        cloud.place,
        cloud.source,
        cloud.state ?? "",
        cloud.thing ?? "",
        cloud.certificate?.notAfter.slice(0, 10) ?? "",
        cloud.certificate?.renewal?.slice(0, 10) ?? "",
        cloud.problem ?? "",
      ]),
    );
  });
  return 0;
};

/** `cloud remove ID` */
export const cloudRemove: CommandBody = async (context) => {
  const { args, output } = context;
  const [id = ""] = args;
  const client = await DaemonClient.of(context);
  const { body } = await client.call("DELETE", `${PATH}/${encodeURIComponent(id)}`);
  const { waited } = body as { waited: number };
  output.show(body, () => output.line(`${id} is removed; ${waited} messages had waited for it.`));
  return 0;
};

/** `cloud renew ID [--cert FILE --key FILE | --password-file FILE]` */
export const cloudRenew: CommandBody = async (context) => {
  const { args, output } = context;
  const [id = ""] = args;
  const own = ownCertificate(context);
  const password = ownPassword(context);
  if (own !== undefined && password !== undefined) {
    throw new UsageError("expected --cert and --key, or --password-file, found both");
  }
  const client = await DaemonClient.of(context);
  const place = `${PATH}/${encodeURIComponent(id)}`;
  if (password !== undefined) {
    const work = client.call("PUT", `${place}/password`, { password });
    const cloud = (await output.progress("trying it", work)).body as unknown as CloudView;
    output.show(cloud, () => output.line(`${id} signs on with the new ${cloud.secret} from now on.`));
    return 0;
  }
  const work = own
    ? client.call("PUT", `${place}/certificate`, own)
    : client.call("POST", `${place}/renew`, {});
  const cloud = (await output.progress("getting a certificate", work)).body as unknown as CloudView;
  output.show(cloud, () =>
    output.line(`${id} has a new certificate, good until ${cloud.certificate?.notAfter.slice(0, 10)}.`),
  );
  return 0;
};

async function clouds(client: DaemonClient): Promise<readonly CloudView[]> {
  return (await client.get<{ clouds: CloudView[] }>(PATH)).clouds;
}

const MARKS = { ok: "✓", failed: "✗", unsure: "?", skipped: "–" } as const;
const COLOURS = { ok: "green", failed: "red", unsure: "yellow", skipped: "gray" } as const;

function showCheck(output: Output, { steps }: CloudCheckView): void {
  const rows = steps.map(({ outcome, said, step }) => [
    output.style(COLOURS[outcome], MARKS[outcome]),
    step,
    said,
  ]);
  output.table([" ", "STEP", "FOUND"], rows);
  const first = steps.find(({ outcome }) => outcome === "failed");
  const advice = first?.advice ?? steps.find(({ outcome }) => outcome === "unsure")?.advice;
  if (advice !== undefined) output.line(output.style(first === undefined ? "yellow" : "red", `→ ${advice}`));
}
