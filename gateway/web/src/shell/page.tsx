import { PRODUCT } from "@tram/protocol";
import { type ReactNode, useEffect } from "react";
import { useAppSelector } from "../store/hooks.ts";

/** A page: its heading, the window's title, and the content. */
export function Page({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  const gateway = useAppSelector((state) => state.system.gateway?.name);
  useEffect(() => {
    document.title = [title, gateway, PRODUCT.title].filter((part) => part !== undefined).join(" · ");
  }, [title, gateway]);
  return (
    <>
      <h1 tabIndex={-1}>{title}</h1>
      {children}
    </>
  );
}
