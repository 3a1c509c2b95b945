import { createContext, useContext, useSyncExternalStore } from "react";
import type { GatewayTime } from "./gateway-time.ts";

export const GatewayTimeContext = createContext<GatewayTime | undefined>(undefined);

export function useGatewayTime(): GatewayTime {
  const time = useContext(GatewayTimeContext);
  if (time === undefined) throw new Error("no GatewayTimeContext above this component");
  return time;
}

const idle = () => () => undefined;

/**
 * A text that depends on the time. The component renders again only when the text changes, and only while `active`.
 * @param write gets the gateway's time in milliseconds.
 */
export function useTimedText(write: (nowMs: number) => string, active = true): string {
  const time = useGatewayTime();
  return useSyncExternalStore(active ? time.subscribe : idle, () => write(time.now()));
}
