import { readFileSync } from "node:fs";
import type { CloudAdded, CloudCheckView, CloudView, Json, JsonObject } from "@tram/protocol";
import type { CommandBody, CommandContext } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import type { Output } from "./output.ts";
import { CommandFailed, UsageError } from "./usage-error.ts";

const PATH = "/api/v1/clouds";

/** `cloud add aws|mqtt` */
export const cloudAdd: CommandBody = async (context) => {
  const { args, output } = context;
  const [kind = ""] = args;
  const body = kind === "aws" ? awsRequest(context) : kind === "mqtt" ? mqttRequest(context) : undefined;
  if (body === undefined) throw new UsageError(`expected aws or mqtt, found ${kind}`);
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

/** `cloud renew ID` */
export const cloudRenew: CommandBody = async (context) => {
  const { args, output } = context;
  const [id = ""] = args;
  const client = await DaemonClient.of(context);
  const work = client.call("POST", `${PATH}/${encodeURIComponent(id)}/renew`, {});
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

function awsRequest(context: CommandContext): JsonObject {
  const port = text(context, "port");
  if (port !== undefined && !/^\d{1,5}$/.test(port))
    throw new UsageError(`--port: expected a number, found ${port}`);
  const thing = text(context, "thing");
  return {
    ...common(context, "aws"),
    provider: "aws-iot",
    endpoint: needed(context, "endpoint"),
    ...(port === undefined ? {} : { port: Number(port) }),
    claim: {
      certificate: read(needed(context, "claim-cert")),
      key: read(needed(context, "claim-key")),
    },
    template: needed(context, "template"),
    parameters: pairs(context, "param"),
    ...(thing === undefined ? {} : { thing }),
  };
}

function mqttRequest(context: CommandContext): JsonObject {
  const username = text(context, "username");
  const file = text(context, "password-file");
  return {
    ...common(context, "mqtt"),
    provider: "mqtt",
    url: needed(context, "url"),
    ...(username === undefined ? {} : { username }),
    ...(file === undefined ? {} : { password: read(file).split(/\r?\n/)[0] ?? "" }),
  };
}

function common(context: CommandContext, usual: string): JsonObject {
  const ca = text(context, "ca");
  const more = Object.entries(pairs(context, "set")).map(([key, value]) => [key, settingOf(value)] as const);
  return {
    id: text(context, "id") ?? usual,
    ...(ca === undefined ? {} : { ca: read(ca) }),
    ...(more.length === 0 ? {} : { more: Object.fromEntries(more) }),
    ...(context.options["no-check"] === true ? { check: false } : {}),
  };
}

function text({ options }: CommandContext, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

function needed(context: CommandContext, name: string): string {
  const value = text(context, name);
  if (value === undefined) throw new UsageError(`--${name} is missing`);
  return value;
}

function pairs(context: CommandContext, name: string): Record<string, string> {
  const lines = text(context, name)?.split("\n") ?? [];
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=");
      if (at < 1) throw new UsageError(`--${name}: expected KEY=VALUE, found ${line}`);
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** `true`, `5` and `["pump"]` are JSON; everything else is a text. */
function settingOf(value: string): Json {
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new CommandFailed(`${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}
