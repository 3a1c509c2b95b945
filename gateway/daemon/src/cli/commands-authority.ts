import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { type AuthorityView, type Json, type NewCertificate, PRODUCT } from "@tram/protocol";
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
  const view = (await (await DaemonClient.of(context)).call("POST", `${PATH}/rotate`, { what }))
    .body as unknown as AuthorityView;
  context.output.show(view, () => {
    showAuthority(context, view);
    if (what === "authority") context.output.line("Certificates of the one before count for a year more.");
  });
  return 0;
};

/** `ca export`: the certificate, or the list of revoked ones, to standard output. */
export const caExport: CommandBody = async (context) => {
  const { options, output } = context;
  const view = await (await DaemonClient.of(context)).get<AuthorityView>(PATH);
  if (!view.exists) throw new CommandFailed(`there is no certificate authority: ${PRODUCT.name} ca init`);
  const pem = (options.crl === true ? view.revocationList : view.certificate) ?? "";
  output.show({ pem }, () => output.line(pem.trimEnd()));
  return 0;
};

function showAuthority({ output }: CommandContext, { fingerprint }: AuthorityView): void {
  output.line(`${output.style("bold", "Certificate authority")}  SHA-256 ${fingerprint ?? ""}`);
}

function readRequest(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new CommandFailed(`${path}: ${(cause as Error).message}`);
  }
}

/** @param mode of the file, whoever made it. */
function write(path: string, text: string, mode = 0o644): void {
  try {
    writeFileSync(path, text, { mode });
    chmodSync(path, mode);
  } catch (cause) {
    throw new CommandFailed(`${path}: ${(cause as Error).message}`);
  }
}
