import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { type AuthorityView, type Json, type NewCertificate, PRODUCT } from "@tram/protocol";
import { pemBlocks } from "../tls/pem.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { CommandFailed, UsageError } from "./usage-error.ts";

const PATH = "/api/v1/ca";

/** `ca init`: makes the authority and the broker's certificate. */
export const caInit: CommandBody = async (context) => {
  const view = (await (await DaemonClient.of(context)).call("POST", PATH)).body as unknown as AuthorityView;
  context.output.show(view, () => showAuthority(context, view));
  return 0;
};

/** `ca list`: what was issued. */
export const caList: CommandBody = async (context) => {
  const view = await (await DaemonClient.of(context)).get<AuthorityView>(PATH);
  const { output } = context;
  output.show(view, () => {
    if (!view.exists) output.line(`There is no certificate authority: ${PRODUCT.name} ca init`);
    else showAuthority(context, view);
    if (view.issued.length === 0) return;
    output.table(
      ["ACCOUNT", "SERIAL", "VALID UNTIL", "STATE"],
      view.issued.map(({ id, notAfter, revokedAt, serial }) => [
        id,
        serial,
        notAfter.slice(0, 10),
        revokedAt === undefined
          ? output.style("green", "counts")
          : output.style("red", `revoked ${revokedAt.slice(0, 10)}`),
      ]),
    );
  });
  return 0;
};

/** `ca issue ID`: a client certificate, in files beside each other. */
export const caIssue: CommandBody = async (context) => {
  const { args, options, output } = context;
  const [id = ""] = args;
  const out = typeof options.out === "string" ? options.out : id;
  const body: Json = { id, ...(typeof options.csr === "string" && { csr: readRequest(options.csr) }) };
  const client = await DaemonClient.of(context);
  const made = (await client.call("POST", `${PATH}/certificates`, body)).body as unknown as NewCertificate;
  if (output.json) {
    output.show(made, () => undefined);
    return 0;
  }
  const files = [`${out}.pem`, ...(made.key === undefined ? [] : [`${out}.key`]), `${out}-ca.pem`];
  write(`${out}.pem`, made.certificate);
  if (made.key !== undefined) write(`${out}.key`, made.key, 0o600);
  write(`${out}-ca.pem`, made.ca);
  output.line(`${output.style("bold", id)}  certificate ${made.serial} in ${files.join(", ")}`);
  output.line(
    `It enters with the certificate alone, or with this password: ${output.style("green", made.password)}`,
  );
  return 0;
};

/** `ca revoke ID|SERIAL` */
export const caRevoke: CommandBody = async (context) => {
  const [which = ""] = context.args;
  await (await DaemonClient.of(context)).call("DELETE", `${PATH}/certificates/${encodeURIComponent(which)}`);
  context.output.show({ revoked: which }, () =>
    context.output.line(`${which} is revoked; its connections have ended`),
  );
  return 0;
};

/** `ca rotate [server|authority]` */
export const caRotate: CommandBody = async (context) => {
  const [what = "server"] = context.args;
  if (what !== "server" && what !== "authority")
    throw new UsageError(`expected server or authority, found ${what}`);
  const body: Json = { what, ...overlapOf(context, what) };
  const view = (await (await DaemonClient.of(context)).call("POST", `${PATH}/rotate`, body))
    .body as unknown as AuthorityView;
  context.output.show(view, () => showAuthority(context, view));
  return 0;
};

function overlapOf({ options }: CommandContext, what: string): { overlapDays?: number } {
  const { overlap } = options;
  if (typeof overlap !== "string") return {};
  if (what !== "authority") throw new UsageError("--overlap: expected `authority` with it");
  if (!/^\d{1,4}$/.test(overlap))
    throw new UsageError(`--overlap: expected a number of days, found ${overlap}`);
  return { overlapDays: Number(overlap) };
}

/** `ca export`: the certificate, or the list of revoked ones, to standard output or into a file. */
export const caExport: CommandBody = async (context) => {
  const { options, output } = context;
  const view = await (await DaemonClient.of(context)).get<AuthorityView>(PATH);
  if (!view.exists) throw new CommandFailed(`there is no certificate authority: ${PRODUCT.name} ca init`);
  const pem = (options.crl === true ? view.revocationList : view.certificate) ?? "";
  const file = typeof options.out === "string" && options.out !== "-" ? options.out : undefined;
  if (options.der === true && file === undefined)
    throw new UsageError("--der: expected --out FILE with it, for it is no text");
  if (file === undefined) {
    output.show({ pem, fingerprint: view.fingerprint ?? "" }, () => output.line(pem.trimEnd()));
    return 0;
  }
  write(file, options.der === true ? (pemBlocks(pem)[0]?.bytes ?? "") : pem);
  output.show({ file, fingerprint: view.fingerprint ?? "" }, () => {
    output.line(`${file}: written`);
    if (options.crl !== true) output.line(`SHA-256 ${view.fingerprint ?? ""}`);
  });
  return 0;
};

function showAuthority({ output }: CommandContext, { broker, fingerprint, previous }: AuthorityView): void {
  output.line(`${output.style("bold", "Certificate authority")}  SHA-256 ${fingerprint ?? ""}`);
  if (broker !== undefined) {
    output.line(
      `The broker's certificate counts until ${broker.notAfter.slice(0, 10)}: ${broker.names.join(", ")}`,
    );
  }
  if (previous === undefined) return;
  const { until } = previous;
  const end =
    until === undefined ? "until its days are over, once the clock is set" : `until ${until.slice(0, 10)}`;
  output.line(`The one before counts ${end}  SHA-256 ${previous.fingerprint}`);
}

function readRequest(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new CommandFailed(`${path}: ${(cause as Error).message}`);
  }
}

/** @param mode of the file, whoever made it. */
function write(path: string, content: string | Uint8Array, mode = 0o644): void {
  try {
    writeFileSync(path, content, { mode });
    chmodSync(path, mode);
  } catch (cause) {
    throw new CommandFailed(`${path}: ${(cause as Error).message}`);
  }
}
