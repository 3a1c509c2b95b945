import { Readable } from "node:stream";
import { BackupRequest, PRODUCT } from "@tram/protocol";
import { BackupError } from "../backup/backup-error.ts";
import type { Backups } from "../backup/backups.ts";
import { problem, type Route } from "./route.ts";

/** Makes a support bundle for somebody. */
export type TakeBundle = (who: {
  readonly by: string;
  readonly address: string;
}) => Promise<{ readonly bytes: Buffer; readonly name: string }>;

/** Backups, over the same door as everything else. Putting one back needs a gateway that stands still. */
export function backupRoutes(backups: Pick<Backups, "take">, bundle: TakeBundle): readonly Route[] {
  return [
    {
      method: "post",
      path: "/api/v1/support-bundle",
      operationId: "takeSupportBundle",
      summary: "How the gateway is, for those who help, without secrets (tar.gz)",
      tag: "Gateway",
      scope: "admin",
      answer: { status: 200, description: "The bundle.", media: "application/gzip" },
      handle: async ({ address, principal }) => {
        const { bytes, name } = await bundle({ by: principal?.name ?? "nobody", address });
        return { status: 200, file: Readable.from([bytes]), name };
      },
    },
    {
      method: "post",
      path: "/api/v1/backup",
      operationId: "takeBackup",
      summary: "Everything that another gateway needs to take this one's place, in one encrypted file",
      tag: "Gateway",
      scope: "admin",
      body: BackupRequest,
      answer: { status: 200, description: "The backup.", media: "application/octet-stream" },
      problems: {
        400: "The passphrase is too short.",
        409: "A backup is being made.",
        503: "The database cannot be copied now.",
        507: "The disk has no room for the copies that it is made of.",
      },
      handle: async ({ address, body, principal }) => {
        const { history = true, passphrase } = body as unknown as BackupRequest;
        const by = principal?.name ?? "nobody";
        try {
          const { manifest, stream } = await backups.take({ passphrase, history, by, address });
          return {
            status: 200,
            file: stream,
            name: nameOf(manifest.gateway.id, manifest.createdAt, "backup"),
          };
        } catch (error) {
          if (error instanceof BackupError)
            return problem(STATUS[error.code] ?? 503, error.code, error.message);
          throw error;
        }
      },
    },
  ];
}

const STATUS: Readonly<Record<string, number>> = { passphrase: 400, busy: 409, room: 507 };

/** `tram-greenhouse-20260105.backup`: an id has no letter that a file's name may not have. */
export function nameOf(gateway: string, time: string, ending: string): string {
  return `${PRODUCT.name}-${gateway}-${time.slice(0, 10).replaceAll("-", "")}.${ending}`;
}
