import type {
  Broker,
  Clock,
  Log,
  MqttAdmission,
  MqttClient,
  MqttLogin,
  MqttMessage,
  Registry,
  Store,
  Transactions,
} from "@tram/core";
import type { ClaimReply, GatewayView, Ms } from "@tram/protocol";
import type { AuditLog } from "../../audit/audit-log.ts";
import { RepeatFilter } from "../../audit/repeat-filter.ts";
import type { Account } from "../../config/settings.ts";
import type { TopicRights } from "../../foreign/foreign-devices.ts";
import { Access } from "./access.ts";
import type { Claim } from "./claim-request.ts";
import { Credentials } from "./credentials.ts";
import { FixedAccounts } from "./fixed-accounts.ts";
import { Grants } from "./grants.ts";
import { ancestorsOf } from "./homie-owner.ts";
import { Login } from "./login.ts";
import { LoginBackoff } from "./login-backoff.ts";
import { markLost } from "./mark-lost.ts";
import { Names } from "./names.ts";
import { PAIR } from "./pair-topics.ts";
import { CLOSED, type ClaimProblem, Pairing, type SignCsr } from "./pairing.ts";
import { PairingWindow } from "./pairing-window.ts";

export interface IdentityParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly transactions: Transactions;
  readonly registry: Registry;
  readonly audit: AuditLog;
  readonly accounts: readonly Account[];
  readonly anonymous: boolean;
  /** Id of the gateway. */
  readonly gateway: string;
  readonly signCsr?: SignCsr | undefined;
}

/** The code was not taken. */
export interface WrongCode {
  readonly error: "closed" | "wrong-code" | "banned";
  readonly detail: string;
  readonly waitMs?: Ms;
}

/** Who the clients of the broker are: the room that the hooks and the API talk to. */
export class Identity implements Disposable {
  readonly credentials: Credentials;
  readonly window: PairingWindow;
  readonly grants: Grants;
  readonly #access: Access;
  readonly #fixed: FixedAccounts;
  readonly #login: Login;
  readonly #pairing: Pairing;
  readonly #refusals: RepeatFilter;
  readonly #log: Log;
  readonly #opened = Promise.withResolvers<void>();
  #broker: Broker | undefined;

  constructor(parts: IdentityParts) {
    const { clock, log, transactions, registry, audit, gateway, signCsr } = parts;
    const broker = (): Broker => {
      if (this.#broker === undefined) throw new Error("the broker is not open yet");
      return this.#broker;
    };
    const fixed = new FixedAccounts(parts.accounts, parts);
    const credentials = new Credentials({ clock, transactions });
    const access = new Access({ fixed, credentials, registry, gateway });
    const refusals = new RepeatFilter({ clock, audit: audit.audit });
    const backoff = new LoginBackoff(clock);
    const window = new PairingWindow({
      clock,
      audit: audit.audit,
      onClose: () => broker().disconnect({ username: PAIR }, { reason: "not-authorized", forget: true }),
    });
    const names = new Names({ fixed, credentials, registry, gateway });
    this.#log = log;
    this.#fixed = fixed;
    this.#access = access;
    this.#refusals = refusals;
    this.#login = new Login({ fixed, credentials, access, window, backoff, refusals });
    this.credentials = credentials;
    this.window = window;
    const onEnded = (account: string): void => void markLost(account, { registry, transactions, broker });
    this.grants = new Grants({ credentials, names, access, backoff, audit, broker, onEnded, log });
    this.#pairing = new Pairing({ window, grants: this.grants, broker, refusals, signCsr, log });
  }

  /** @returns what people should mend. */
  async restore(store: Store): Promise<GatewayView["problems"]> {
    await this.credentials.restore(store);
    const problems: GatewayView["problems"] = [];
    for (const { id } of this.credentials.all()) {
      if (this.#fixed.get(id) === undefined) continue;
      const problem = `${id} has a granted credential too, which does not count: revoke it, or rename the account`;
      this.#log.warn({ id }, "an account of the configuration has the name of a granted credential");
      problems.push({ code: "account", where: "mqtt.clients", problem });
    }
    return problems;
  }

  /** The broker is open: from now on clients are answered. */
  attach(broker: Broker): void {
    this.#broker = broker;
    this.#endStale(broker);
    this.#opened.resolve();
  }

  /** Sessions outlive a restart, and the configuration may give an account less than it had when it subscribed. */
  #endStale(broker: Broker): void {
    const stale = broker.sessions().filter(({ username, subscriptions }) => {
      if (username === PAIR || this.#access.identity(username) === undefined) return true;
      return subscriptions.some(({ filter }) => !this.#access.maySubscribe({ username }, filter));
    });
    for (const username of new Set(stale.map((session) => session.username))) {
      this.#log.warn({ username }, "sessions of an earlier run were ended: their account may less now");
      broker.disconnect({ username }, { reason: "not-authorized", forget: true });
    }
  }

  async authenticate(login: MqttLogin): Promise<MqttAdmission> {
    // It listens a moment before the house has it in hand.
    await this.#opened.promise;
    return this.#login.admit(login);
  }

  /** What accounts may do, asked without a word in the audit log: a description is no attempt. */
  get rights(): TopicRights {
    return {
      mayPublish: (username, topic) => this.#access.mayPublish({ username }, topic),
      maySubscribe: (username, filter) => this.#access.maySubscribe({ username }, filter),
    };
  }

  /** Whether there is an account of this name, of the configuration or granted. */
  isAccount(name: string): boolean {
    return this.#access.identity(name) !== undefined;
  }

  mayPublish(client: MqttClient, topic: string): boolean {
    return this.#access.mayPublish(client, topic) || this.#deny("publish-denied", client, topic);
  }

  maySubscribe(client: MqttClient, filter: string): boolean {
    return this.#access.maySubscribe(client, filter) || this.#deny("subscribe-denied", client, filter);
  }

  /** Whether a message is a claim, which the house answers and nobody else sees. */
  isClaim(client: MqttClient): boolean {
    return client.username === PAIR;
  }

  claim(client: MqttClient, message: MqttMessage): Promise<void> {
    return this.#pairing.take(client, message);
  }

  /** A claim that brings its code along, over HTTP. @throws nothing: what is wrong is the answer. */
  async claimWithCode(
    code: string,
    claim: Claim,
    address: string,
  ): Promise<ClaimReply | ClaimProblem | WrongCode> {
    const answer = this.#login.judgeCode(code, address);
    if (answer.ok) return this.#pairing.claim(claim, address);
    const { refused, waitMs } = answer;
    const detail = `${refused}, on http`;
    const entry = { action: "login-refused", subject: PAIR, by: "(a client)", address, detail } as const;
    this.#refusals.note(`${address}\n${PAIR}\n${detail}`, entry);
    if (refused === "not-authorized") return { error: "closed", detail: CLOSED };
    const waitS = Math.ceil(waitMs / 1_000);
    return refused === "banned"
      ? { error: "banned", detail: `too many wrong codes: try again in ${waitS} s`, waitMs }
      : { error: "wrong-code", detail: "that is not the code", waitMs: 0 };
  }

  connected({ username }: MqttClient): void {
    const welcome = username === PAIR ? this.window.isOpen : this.#access.identity(username) !== undefined;
    // Its right ended between its login and now, when the engine could not find it yet.
    if (!welcome) this.#broker?.disconnect({ username }, { reason: "not-authorized", forget: true });
  }

  /** Names of the accounts that are connected now. */
  connectedAccounts(): ReadonlySet<string> {
    const sessions = this.#broker?.sessions() ?? [];
    return new Set(
      sessions.flatMap(({ connection }) => (connection === undefined ? [] : [connection.username])),
    );
  }

  /** Ends the connections of an account; it may come again with what still counts. */
  disconnect(username: string): void {
    this.#broker?.disconnect({ username }, { reason: "not-authorized" });
  }

  /** A Thing was described: an account whose children are named like it may have listened there. */
  onThing(id: string): void {
    if (this.#broker === undefined) return;
    for (const ancestor of ancestorsOf(id)) this.grants.recheck(ancestor);
  }

  [Symbol.dispose](): void {
    this.#refusals[Symbol.dispose]();
  }

  #deny(action: "publish-denied" | "subscribe-denied", client: MqttClient, topic: string): false {
    const { id, username, address } = client;
    // What is beyond the bound of an entry does not tell two topics apart either.
    const key = `${action}\n${username}\n${id}\n${topic.slice(0, 200)}`;
    this.#refusals.note(key, {
      action,
      subject: topic,
      by: username,
      address,
      detail: `client ${id.slice(0, 64)}`,
    });
    return false;
  }
}
