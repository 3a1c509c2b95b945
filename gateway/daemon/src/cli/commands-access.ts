import { writeFileSync } from "node:fs";
import {
  type AuditView,
  CREDENTIAL_KINDS,
  type CredentialKind,
  type CredentialView,
  type Json,
  type NewCredential,
  type NewPairing,
  PRODUCT,
} from "@tram/protocol";
import type { CommandBody, CommandContext } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { sheetOf } from "./device-sheets.ts";
import { formatAge } from "./format.ts";
import { CommandFailed, UsageError } from "./usage-error.ts";

/** `pair`: lets devices claim, or makes a credential for one that cannot. */
export const pair: CommandBody = async (context) => {
  const { kind, close } = context.options;
  if (close === true) return closePairing(context);
  if (kind === undefined || kind === "homie") return openPairing(context);
  const known = CREDENTIAL_KINDS.find((name) => name === kind);
  if (known === undefined) {
    throw new UsageError(`--kind: expected ${CREDENTIAL_KINDS.join(", ")}, found ${String(kind)}`);
  }
  return grant(context, known);
};

async function openPairing(context: CommandContext): Promise<number> {
  const { output, options } = context;
  const { id, replace, svg } = options;
  if (options.topics !== undefined) throw new UsageError("--topics is for --kind generic");
  const client = await DaemonClient.of(context);
  const body = {
    minutes: wholeNumber("--minutes", options.minutes, 5, 60),
    uses: wholeNumber("--uses", options.uses, 1, 100),
    ...(typeof id === "string" ? { id } : {}),
    ...(typeof replace === "string" ? { replace } : {}),
  };
  const view = (await client.call("POST", "/api/v1/pairing", body)).body as unknown as NewPairing;
  const { qrAsSvg, qrForTerminal } = await import("./qr.ts");
  if (typeof svg === "string") write(svg, qrAsSvg(view.uri));
  output.show(view, () => {
    const minutes = Math.round((view.expiresInS ?? 0) / 60);
    const devices = view.usesLeft === 1 ? "one device" : `${view.usesLeft} devices`;
    output.line(`${output.style("bold", "Claim code")}  ${output.style("green", view.code)}`);
    output.line(
      `For ${devices}, within ${minutes} min, at ${view.broker.host}:${view.broker.port} with the user pair.`,
    );
    output.line();
    for (const line of qrForTerminal(view.uri)) output.line(`  ${line}`);
    output.line();
    if (typeof svg === "string") output.line(`The QR code is in ${svg}.`);
    output.line(`It closes by itself; \`${PRODUCT.name} pair --close\` closes it now.`);
  });
  return 0;
}

async function closePairing(context: CommandContext): Promise<number> {
  const client = await DaemonClient.of(context);
  await client.call("DELETE", "/api/v1/pairing");
  context.output.show({ open: false }, () => context.output.line("Pairing is closed."));
  return 0;
}

async function grant(context: CommandContext, kind: CredentialKind): Promise<number> {
  const { output, options } = context;
  const { id, replace, topics } = options;
  for (const option of ["minutes", "uses", "svg"]) {
    if (options[option] !== undefined)
      throw new UsageError(`--${option} is for devices that claim by themselves`);
  }
  if (typeof replace === "string" && typeof id === "string" && replace !== id) {
    throw new UsageError(`--replace: expected ${id}, as in --id, found ${replace}`);
  }
  const client = await DaemonClient.of(context);
  const body: Json = {
    kind,
    ...(typeof id === "string" ? { id } : {}),
    ...(typeof replace === "string" ? { id: replace, replace: true } : {}),
    ...(typeof topics === "string" ? { topics: topics.split(",").map((topic) => topic.trim()) } : {}),
  };
  const made = (await client.call("POST", "/api/v1/credentials", body)).body as unknown as NewCredential;
  const sheet = sheetOf(kind, made);
  output.show({ ...made, sheet }, () => {
    output.line(`Type this into ${sheet.where}. The password is not shown again.\n`);
    const longest = Math.max(...sheet.fields.map(([name]) => name.length));
    for (const [name, value] of sheet.fields) output.line(`  ${name.padEnd(longest)}  ${value}`);
    if (sheet.paste !== undefined) output.line(`\n${sheet.paste.join("\n")}`);
    if (sheet.notes.length > 0) output.line(`\n${sheet.notes.join("\n")}`);
  });
  return 0;
}

/** `credentials` */
export const credentials: CommandBody = async (context) => {
  const { output } = context;
  const client = await DaemonClient.of(context);
  const view = await client.get<{ credentials: readonly CredentialView[] }>("/api/v1/credentials");
  output.show(view, () => {
    if (view.credentials.length === 0) {
      output.line(`No credentials yet. \`${PRODUCT.name} pair\` lets devices claim one.`);
      return;
    }
    const now = Date.now();
    const rows = view.credentials.map(
      ({ id, role, kind, createdBy, createdAt, certificate, connected, lastSeen }) => [
        id,
        role,
        kind,
        connected
          ? output.style("green", "connected")
          : lastSeen === undefined
            ? "-"
            : formatAge(lastSeen, now),
        certificate ? "password, certificate" : "password",
        `${createdBy}, ${createdAt.slice(0, 16)}Z`,
      ],
    );
    output.table(["ID", "ROLE", "KIND", "SEEN", "ENTERS BY", "GRANTED BY"], rows);
  });
  return 0;
};

/** `credentials revoke ID` */
export const credentialsRevoke: CommandBody = async (context) => {
  const [id = ""] = context.args;
  const client = await DaemonClient.of(context);
  await client.call("DELETE", `/api/v1/credentials/${encodeURIComponent(id)}`);
  context.output.show({ revoked: id }, () =>
    context.output.line(`${id} is revoked, and its connections are closed.`),
  );
  return 0;
};

/** `audit` */
export const audit: CommandBody = async (context) => {
  const { output, options } = context;
  const query = new URLSearchParams({ limit: String(wholeNumber("--limit", options.limit, 50, 5_000)) });
  for (const name of ["action", "by", "since"]) {
    const value = options[name];
    if (typeof value === "string") query.set(name, value);
  }
  const client = await DaemonClient.of(context);
  const view = await client.get<{ entries: readonly AuditView[] }>(`/api/v1/audit?${query}`);
  output.show(view, () => {
    // The newest comes last, where the eye is.
    const rows = [...view.entries]
      .reverse()
      .map(({ time, clock, action, subject, by, address, detail, count }) => [
        clock === "untrusted" ? output.style("yellow", `${time.slice(0, 19)}?`) : `${time.slice(0, 19)}Z`,
        action,
        subject,
        address === undefined ? by : `${by} (${address})`,
        `${detail ?? ""}${count === undefined ? "" : `  (${count} more)`}`,
      ]);
    output.table(["TIME", "ACTION", "SUBJECT", "BY", ""], rows);
  });
  return 0;
};

function wholeNumber(
  name: string,
  option: string | boolean | undefined,
  fallback: number,
  most: number,
): number {
  if (option === undefined) return fallback;
  const number = Number(option);
  if (!Number.isInteger(number) || number < 1 || number > most) {
    throw new UsageError(`${name}: expected 1 to ${most}, found ${String(option)}`);
  }
  return number;
}

/** @throws {CommandFailed} with the path. */
function write(file: string, text: string): void {
  try {
    // It holds the code: for its owner alone.
    writeFileSync(file, text, { mode: 0o600 });
  } catch (error) {
    throw new CommandFailed(`${file}: ${(error as Error).message}`);
  }
}
