import {
  type Bridge,
  type BridgeCredentials,
  BridgeError,
  checkCloud,
  firstFailure,
  renewAwsIot,
} from "@tram/cloud-bridge";
import type { Clock } from "@tram/core";
import type { CloudCertificate } from "@tram/protocol";
import { certificateRequest } from "./certificate-request.ts";
import type { CloudFolders, CloudRecord, KeptCloud } from "./cloud-folders.ts";
import { type CloudResult, done, refuse } from "./cloud-result.ts";
import { failureLine } from "./cloud-words.ts";

/** A cloud that was added and works, or tries to. */
export type OpenedCloud = Extract<KeptCloud, { record: unknown }> & { readonly bridge: Bridge };

export interface CredentialExchangeParts {
  readonly folders: Pick<CloudFolders, "write">;
  /** Id of the gateway. */
  readonly gateway: string;
  readonly clock: Clock;
  /** Ends what is going on. */
  readonly signal: AbortSignal;
}

/** What a cloud is shown from now on, and how it is kept. */
interface Next {
  readonly credentials: BridgeCredentials;
  readonly record: CloudRecord;
}

/**
 * Gives a cloud that was added another certificate or password. Its bridge is away meanwhile, because most clouds let a client
 * id in once; its queue goes on. What was there before stays in use, and on the disk, until the cloud has taken the new one.
 */
export class CredentialExchange {
  readonly #parts: CredentialExchangeParts;

  constructor(parts: CredentialExchangeParts) {
    this.#parts = parts;
  }

  /** Gets a new certificate for a new key, as the first one was got. @throws {StoreError} */
  async renew(opened: OpenedCloud): Promise<CloudResult<void>> {
    const { config, identity = {} } = opened.settings;
    const { provisionedBy } = opened.record;
    if (config.provider !== "aws-iot" || provisionedBy === undefined) {
      return refuse("not-provisioned", `The certificate of ${opened.id} was not made by this gateway.`);
    }
    const { clock, gateway, signal } = this.#parts;
    const { endpoint, port = 8_883, thing_name: thing = gateway } = config;
    return await this.#exchange(opened, async () => {
      const { certificate: cert, key } = await renewAwsIot(
        {
          ...provisionedBy,
          endpoint,
          port,
          alpn: port === 443,
          claim: identity,
          clientId: thing,
          request: (made) => certificateRequest(made, thing),
          clock,
        },
        signal,
      );
      return withCertificate(opened, { cert, key });
    });
  }

  /** Takes on a certificate that somebody has. @param pair is PEM. @throws {StoreError} */
  async replaceCertificate(
    opened: OpenedCloud,
    { certificate: cert, key }: CloudCertificate,
  ): Promise<CloudResult<void>> {
    return await this.#replace(opened, withCertificate(opened, { cert, key }));
  }

  /** Takes on another password, or a token. @throws {StoreError} */
  async replacePassword(opened: OpenedCloud, password: string): Promise<CloudResult<void>> {
    const { record } = opened;
    return await this.#replace(opened, {
      credentials: { ...credentialsOf(opened), password },
      record: { ...record, entry: { ...record.entry, password } },
    });
  }

  async #replace(opened: OpenedCloud, next: Next): Promise<CloudResult<void>> {
    const { clock, gateway, signal } = this.#parts;
    const terms = { ...opened.settings, ...next.credentials, gateway, clock };
    const failure = async (until: "configuration" | "publish") =>
      firstFailure(await checkCloud({ ...terms, until }, signal));
    // What is good for nothing does not cost the connection that is there.
    const early = await failure("configuration");
    if (early !== undefined) return refuse("check-failed", failureLine(early));
    return await this.#exchange(opened, async () => {
      const late = await failure("publish");
      if (late !== undefined) throw new BridgeError("refused", failureLine(late));
      return next;
    });
  }

  /** @param find what there is to come, while the bridge is not connected. @throws {StoreError} */
  async #exchange({ bridge }: OpenedCloud, find: () => Promise<Next>): Promise<CloudResult<void>> {
    try {
      await bridge.exchange(async () => {
        const { credentials, record } = await find();
        this.#parts.folders.write(record);
        return credentials;
      });
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      const said = error.message.replace(/\.$/, "");
      return refuse("renewal-failed", `${said}. What was there before stays in use.`);
    }
    return done(undefined);
  }
}

function withCertificate(opened: OpenedCloud, pair: { readonly cert: string; readonly key: string }): Next {
  const shown = credentialsOf(opened);
  return {
    credentials: { ...shown, identity: { ...shown.identity, ...pair } },
    record: { ...opened.record, ...pair },
  };
}

function credentialsOf({ settings: { identity, password } }: OpenedCloud): BridgeCredentials {
  return {
    ...(identity === undefined ? {} : { identity }),
    ...(password === undefined ? {} : { password }),
  };
}
