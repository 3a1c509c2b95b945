/** What some engines give and others do not; the rest of the port is every engine's. Told by data, and tried by tests. */
export interface BrokerCapabilities {
  /** Clients log in here: accounts, rights and the list of clients are the gateway's, and it decides who gets what. */
  readonly ownClients: boolean;
  /** A client has its acknowledgement when its message is kept, and not before. */
  readonly acknowledgesWhenKept: boolean;
  readonly mqtt5: boolean;
  readonly sharedSubscriptions: boolean;
  /** Sessions, and what waits in them, outlive a restart of the gateway. */
  readonly durableSessions: boolean;
  /** Retained messages of clients outlive a restart of the gateway. */
  readonly durableRetained: boolean;
}
