import { createAction } from "@reduxjs/toolkit";
import type { Change, Snapshot } from "@tram/protocol";

/** The whole state as the gateway sees it; replaces what was known. */
export const snapshotReceived = createAction<Snapshot>("live/snapshot");

/** The changes of one frame, in order. */
export const changesReceived = createAction<Change[]>("live/changes");
