import type { Authority } from "./authority.ts";
import { Certificates, type DeviceCertificate } from "./certificates.ts";
import { allows, checkPolicy, type PolicyAction, type PolicyContext, type PolicyDocument } from "./policy.ts";

export interface RegisteredThing {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Who the account knows, and what they may do. */
export class Registry {
  readonly certificates: Certificates;
  readonly #things = new Map<string, RegisteredThing>();
  readonly #policies = new Map<string, PolicyDocument>();

  /** @param onCertificate told when a certificate is not what it was. */
  constructor(authority: Authority, onCertificate: (id: string) => void) {
    this.certificates = new Certificates(authority, onCertificate);
  }

  addThing(name: string, attributes: Readonly<Record<string, string>> = {}): RegisteredThing {
    const thing = { name, attributes };
    this.#things.set(name, thing);
    return thing;
  }

  thing(name: string): RegisteredThing | undefined {
    return this.#things.get(name);
  }

  /** @throws {Error} when AWS would not take the document. */
  putPolicy(name: string, document: PolicyDocument): void {
    checkPolicy(document);
    this.#policies.set(name, document);
  }

  hasPolicy(name: string): boolean {
    return this.#policies.has(name);
  }

  /** What the policies of a certificate say now. */
  allows(
    certificate: DeviceCertificate,
    action: PolicyAction,
    name: string,
    context: PolicyContext,
  ): boolean {
    const documents = [...certificate.policies].flatMap((policy) => this.#policies.get(policy) ?? []);
    return allows(documents, action, name, context);
  }

  /**
   * Who speaks, as policies see it. Thing policy variables need a certificate that is attached to the Thing, and a client
   * id that is the Thing's name.
   */
  context(certificate: DeviceCertificate, clientId: string): PolicyContext {
    const thing = certificate.things.has(clientId) ? this.#things.get(clientId) : undefined;
    return thing === undefined ? { clientId } : { clientId, thing };
  }
}
