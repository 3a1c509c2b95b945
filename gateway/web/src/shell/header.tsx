import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { mayAdminister } from "../account/session-slice.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";
import { BridgeChip } from "../system/bridge-chip.tsx";
import { Logo } from "./logo.tsx";
import { Menu } from "./menu.tsx";

/** Name, navigation, bridge and settings, on every page. */
export function Header() {
  const { t } = useI18n();
  const gateway = useAppSelector((state) => state.system.gateway);
  const admin = useAppSelector((state) => mayAdminister(state.session));
  const problems = gateway?.problems.length ?? 0;
  return (
    <header className="header">
      <Logo gateway={gateway?.name} />
      <nav className="nav" aria-label={t("nav.label")}>
        <NavLink href="/">{t("nav.things")}</NavLink>
        <NavLink href="/rules">{t("nav.rules")}</NavLink>
        <NavLink href="/system">
          {t("nav.system")}
          {problems > 0 ? (
            <>
              <span className="badge" aria-hidden="true">
                {problems}
              </span>
              <span className="visually-hidden">, {t("nav.problems", { count: problems })}</span>
            </>
          ) : null}
        </NavLink>
        {admin && gateway?.nodeRed === "installed" ? (
          <a href="/node-red/" className="nav-link" target="_blank" rel="noopener">
            {t("nav.nodeRed")}
            <span className="visually-hidden"> {t("nav.newTab")}</span>
          </a>
        ) : null}
      </nav>
      <BridgeChip />
      <Menu />
    </header>
  );
}

function NavLink({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  const [location] = useLocation();
  return (
    <Link href={href} className="nav-link" aria-current={isWithin(location, href) ? "page" : undefined}>
      {children}
    </Link>
  );
}

/** The home page has no pages below it. */
function isWithin(location: string, href: string): boolean {
  return location === href || (href !== "/" && location.startsWith(`${href}/`));
}
