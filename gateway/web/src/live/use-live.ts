import { useEffect, useRef } from "react";
import { signedOut } from "../account/session-slice.ts";
import { checkSession } from "../account/session-thunks.ts";
import { useAppDispatch } from "../store/hooks.ts";
import { changesReceived, snapshotReceived } from "./actions.ts";
import { createBatcher } from "./batcher.ts";
import { phaseChanged } from "./connection-slice.ts";
import { later } from "./later.ts";
import { type LiveHandle, openLive } from "./socket.ts";
import { useGatewayTime } from "./use-gateway-time.ts";

/**
 * Keeps the live socket open while the calling component is mounted.
 * @returns a function that tries again now.
 */
export function useLive(): () => void {
  const dispatch = useAppDispatch();
  const time = useGatewayTime();
  const handle = useRef<LiveHandle>(undefined);

  useEffect(() => {
    const batcher = createBatcher({
      frame: (run) => requestAnimationFrame(run),
      later,
      apply: (changes) => dispatch(changesReceived(changes)),
    });
    const live = openLive({
      connect: () => new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`),
      later,
      random: Math.random,
      onMessage(message) {
        if (message.type === "snapshot") {
          batcher.clear();
          time.set(message.gateway.now);
          dispatch(snapshotReceived(message));
          return;
        }
        for (const change of message.changes) {
          if (change.kind === "gateway") time.set(change.gateway.now);
        }
        batcher.push(message.changes);
      },
      onPhase: (phase) => dispatch(phaseChanged(phase)),
      onUnauthorised: () => dispatch(signedOut("ended")),
      stillSignedIn: () => dispatch(checkSession()),
    });
    handle.current = live;
    // A phone that wakes up or comes back into the Wi-Fi should not wait for the next attempt.
    const wake = () => live.retryNow();
    const offline = () => live.drop();
    addEventListener("online", wake);
    addEventListener("offline", offline);
    document.addEventListener("visibilitychange", wake);
    return () => {
      removeEventListener("online", wake);
      removeEventListener("offline", offline);
      document.removeEventListener("visibilitychange", wake);
      live.close();
    };
  }, [dispatch, time]);

  return () => handle.current?.retryNow();
}
