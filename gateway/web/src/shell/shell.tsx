import { type RefObject, useEffect, useRef } from "react";
import { Route, Switch, useLocation } from "wouter";
import { LazyCloud } from "../cloud/lazy-cloud.tsx";
import { useI18n } from "../i18n/use-i18n.ts";
import { useLive } from "../live/use-live.ts";
import { LazyRuleEditor, LazyRuleFile } from "../rule-editor/lazy-pages.tsx";
import { RulesPage } from "../rules/rules-page.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { SystemPage } from "../system/system-page.tsx";
import { ThingsPage } from "../things/things-page.tsx";
import { LazyTopics } from "../topics/lazy-topics.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import { Header } from "./header.tsx";
import { Notices } from "./notices.tsx";
import { Page } from "./page.tsx";

/** What a signed-in person sees: the pages, and around them what belongs to all of them. */
export function Shell() {
  const { t } = useI18n();
  const retry = useLive();
  const known = useAppSelector((state) => state.system.gateway !== undefined);
  const content = useRef<HTMLElement>(null);
  useFocusOnNavigation(content);
  return (
    <>
      <a className="skip" href="#content">
        {t("app.skip")}
      </a>
      <Header />
      <ConnectionBanner onRetry={retry} />
      <main id="content" ref={content} tabIndex={-1}>
        {known ? (
          <Switch>
            <Route path="/" component={ThingsPage} />
            <Route path="/rules" component={RulesPage} />
            <Route path="/rules/new">
              <LazyRuleEditor />
            </Route>
            <Route path="/rules/file/:file">{({ file }) => <LazyRuleFile file={file} />}</Route>
            <Route path="/rules/id/:id">{({ id }) => <LazyRuleEditor id={id} />}</Route>
            <Route path="/rules/:id">{({ id }) => <LazyRuleEditor id={id} />}</Route>
            <Route path="/topics" component={LazyTopics} />
            <Route path="/system" component={SystemPage} />
            <Route path="/system/cloud" component={LazyCloud} />
            <Route>
              <Page title={t("app.notFound")}>{null}</Page>
            </Route>
          </Switch>
        ) : (
          <p className="empty" role="status">
            {t("connection.connecting")}
          </p>
        )}
      </main>
      <Notices />
    </>
  );
}

/** After following a link, a keyboard or a screen reader goes on at the new page's heading. */
function useFocusOnNavigation(content: RefObject<HTMLElement | null>): void {
  const [location] = useLocation();
  const shown = useRef(location);
  useEffect(() => {
    if (shown.current === location) return;
    shown.current = location;
    scrollTo(0, 0);
    const page = content.current;
    if (page === null) return;
    const focus = (): boolean => {
      const heading = page.querySelector("h1");
      heading?.focus({ preventScroll: true });
      return heading !== null;
    };
    if (focus()) return;
    // The page is still being loaded.
    const observer = new MutationObserver(() => {
      if (focus()) observer.disconnect();
    });
    observer.observe(page, { childList: true, subtree: true });
    return () => observer.disconnect();
  }, [location, content]);
}
