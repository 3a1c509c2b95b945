import type { MqttAdmission, MqttLogin, MqttRefusal } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { RepeatFilter } from "../../audit/repeat-filter.ts";
import type { Access } from "./access.ts";
import type { Credentials } from "./credentials.ts";
import type { FixedAccounts } from "./fixed-accounts.ts";
import type { LoginBackoff } from "./login-backoff.ts";
import { ANONYMOUS, PAIR } from "./pair-topics.ts";
import type { PairingWindow } from "./pairing-window.ts";

/** A name that nobody has and that is longer may be a secret in the wrong field: it is not written down. */
const SHOWN_NAME = /^[A-Za-z0-9._-]{1,20}$/;

const EMPTY = new Uint8Array();

export interface LoginParts {
  readonly fixed: FixedAccounts;
  readonly credentials: Credentials;
  readonly access: Access;
  readonly window: PairingWindow;
  readonly backoff: LoginBackoff;
  readonly refusals: RepeatFilter;
}

/** What became of a claim code. */
export type CodeAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly refused: MqttRefusal; readonly waitMs: Ms };

/** Decides who may enter the broker. */
export class Login {
  readonly #parts: LoginParts;

  constructor(parts: LoginParts) {
    this.#parts = parts;
  }

  admit(login: MqttLogin): MqttAdmission {
    const admission = this.#judge(login);
    if ("account" in admission) return admission;
    this.#note(login, admission.refused);
    return admission;
  }

  /** Whether a claim code opens the window, however it came. */
  judgeCode(code: string, address: string): CodeAnswer {
    const { backoff, window } = this.#parts;
    // Nothing can be guessed while it is closed: devices that wait for it may try as often as they like.
    if (!window.isOpen) return { ok: false, refused: "not-authorized", waitMs: 0 };
    const waitMs = backoff.waitMs(PAIR, address, { shared: true });
    if (waitMs > 0) return { ok: false, refused: "banned", waitMs };
    if (window.accepts(code)) {
      backoff.succeeded(PAIR, address);
      return { ok: true };
    }
    backoff.failed(PAIR, address, { shared: true });
    return { ok: false, refused: "bad-credentials", waitMs: 0 };
  }

  #judge(login: MqttLogin): MqttAdmission {
    const { fixed, credentials } = this.#parts;
    const { certificate, address } = login;
    const { username = "" } = login;
    if (certificate !== undefined && (username === "" || username === certificate.commonName)) {
      const { commonName, serial } = certificate;
      // A name of the configuration that came to be after the certificate is another account.
      if (fixed.get(commonName) === undefined && credentials.verifyCertificate(commonName, serial)) {
        return this.#welcome(commonName, address);
      }
      if (username === "") return { refused: "not-authorized" };
    }
    if (username === "") return fixed.anonymous ? { account: ANONYMOUS } : { refused: "bad-credentials" };
    const password = login.password ?? EMPTY;
    if (username === PAIR) {
      const answer = this.judgeCode(Buffer.from(password).toString("utf8"), address);
      return answer.ok ? { account: PAIR } : { refused: answer.refused };
    }
    if (username === ANONYMOUS) return { refused: "bad-credentials" };
    return this.#account(username, password, address);
  }

  /**
   * A secret of ours that is right is taken whatever happened before: nobody guesses 160 bits, and a device must not stay
   * outside because another one behind the same address, or somebody with its name, keeps failing. Whatever else is
   * wrong or could be guessed waits.
   */
  #account(username: string, password: Uint8Array, address: string): MqttAdmission {
    const { fixed, credentials, backoff } = this.#parts;
    if (fixed.get(username) === undefined && credentials.verify(username, password)) {
      return this.#welcome(username, address);
    }
    if (backoff.waitMs(username, address) > 0) return { refused: "banned" };
    if (fixed.verify(username, password)) {
      backoff.succeeded(username, address);
      return { account: username };
    }
    backoff.failed(username, address);
    return { refused: "bad-credentials" };
  }

  #welcome(id: string, address: string): MqttAdmission {
    const { backoff, credentials, window } = this.#parts;
    backoff.succeeded(id, address);
    credentials.seen(id);
    window.settle(id);
    return { account: id };
  }

  #note({ username, certificate, clientId, address, listener }: MqttLogin, refused: MqttRefusal): void {
    const { access, refusals } = this.#parts;
    const name = username ?? certificate?.commonName ?? "";
    const known = name === PAIR || access.identity(name) !== undefined;
    const subject =
      known || SHOWN_NAME.test(name) ? name : name === "" ? "(no name)" : "(a name that nobody has)";
    const by = SHOWN_NAME.test(clientId) ? clientId : "(a client)";
    const detail = `${refused}, on ${listener}`;
    // Without the client id: clients that make one up at each attempt are the same one.
    refusals.note(`${address}\n${subject}\n${refused}`, {
      action: "login-refused",
      subject,
      by,
      address,
      detail,
    });
  }
}
