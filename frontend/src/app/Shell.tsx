import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import type { ReactElement } from "react";
import { useFederation, useFederationState } from "../chain/useFederation.ts";
import { eventOrigin } from "../events/eventOrigin.ts";
import { Icon, Mark } from "../ui/icons.tsx";
import type { IconName } from "../ui/icons.tsx";
import { count } from "../ui/format.ts";
import { THEMES, applyTheme, storedTheme } from "../ui/theme.ts";
import { WalletButton } from "../wallet/WalletButton.tsx";
import { Toasts } from "../transactions/Toasts.tsx";
import { Failed } from "./Failed.tsx";

const PAGES: readonly (readonly [path: string, label: string, icon: IconName])[] = [
  ["/work", "My work", "home"],
  ["/tasks", "Tasks", "tasks"],
  ["/nodes", "Nodes", "nodes"],
  ["/publish", "Publish", "publish"],
  ["/audit", "Audit", "audit"],
];

/** What stands around every page. */
export function Shell(): ReactElement {
  const { ready } = useFederationState();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  return (
    <>
      <a className="skip button" href="#main" onClick={skip}>
        Skip to the page
      </a>
      <header className="bar">
        <div className="bar-inner">
          <Link to="/" className="brand">
            <Mark />
            Concordat
          </Link>
          <nav className="nav" aria-label="Pages">
            {PAGES.map(([to, label, icon]) => (
              <Link key={to} to={to} aria-current={path.startsWith(to) ? "page" : undefined}>
                <Icon name={icon} />
                {label}
              </Link>
            ))}
          </nav>
          <div className="bar-tools">
            <Sync />
            <ThemeButton />
            <WalletButton />
          </div>
        </div>
      </header>
      <main id="main" className="page" tabIndex={-1} aria-busy={!ready}>
        <Content />
      </main>
      <Footer />
      <Toasts />
    </>
  );
}

/** The address holds the page, so a link within the page must not change it. */
function skip(event: { preventDefault(): void }): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("#main")?.focus();
}

function Content(): ReactElement {
  const { ready, sync } = useFederationState();
  const { store } = useFederation();
  return (
    <div className="stack">
      {sync.error !== undefined && (
        <Failed error={sync.error} retry={() => void store.advance()} isFirstRead={!ready} />
      )}
      <Suspense fallback={<p className="card-note">Loading…</p>}>
        <Outlet />
      </Suspense>
    </div>
  );
}

/** How far the page has read, and how far behind the chain that is. */
function Sync(): ReactElement {
  const { sync } = useFederationState();
  const behind = sync.head === undefined ? 0 : Math.max(0, sync.head.number - sync.syncedTo);
  const { network } = useFederation().store;
  const isUnread = sync.syncedTo < network.addressBook.deploymentBlock;
  const tone =
    sync.error !== undefined
      ? "dot-bad"
      : isUnread || behind > 0 || sync.lagsAt !== undefined
        ? "dot-wait"
        : "";
  const as = isUnread ? "nothing read yet" : `as of block ${sync.syncedTo}`;
  const words =
    sync.error !== undefined
      ? `${as}, no connection`
      : sync.lagsAt === undefined
        ? `${as}${behind > 0 ? `, ${count(behind, "block")} behind` : ""}`
        : `${as}, the endpoint lags at ${sync.lagsAt}`;
  return (
    <span className="sync" title={words}>
      <span className={`dot ${tone}`} />
      <span className="sync-words" data-testid="sync">
        {words}
      </span>
    </span>
  );
}

function ThemeButton(): ReactElement {
  const [theme, setTheme] = useState(storedTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
  const icon = { auto: "auto", light: "sun", dark: "moon" } as const;
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={`Colours: ${theme}. Change to ${next}`}
      onClick={() => {
        applyTheme(next);
        setTheme(next);
      }}
    >
      <Icon name={icon[theme]} />
    </button>
  );
}

function Footer(): ReactElement {
  const { store, config, selectNetwork } = useFederation();
  const { sync, announced } = useFederationState();
  const { network } = store;
  const origin = eventOrigin(sync);
  return (
    <footer className="foot">
      {config.networks.length > 1 ? (
        <label>
          Network{" "}
          <select value={network.chainId} onChange={(event) => selectNetwork(Number(event.target.value))}>
            {config.networks.map(({ chainId, name }) => (
              <option key={chainId} value={chainId}>
                {name}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <span>
          {network.name}, chain {network.chainId}
        </span>
      )}
      <span>
        {sync.syncedTo < network.addressBook.deploymentBlock
          ? "Nothing read yet"
          : `As of block ${sync.syncedTo}`}
        {sync.head !== undefined &&
          (sync.head.number > sync.syncedTo
            ? `, ${count(sync.head.number - sync.syncedTo, "block")} behind`
            : ", the newest one")}
      </span>
      <span>
        {announced
          ? "Blocks are announced by WebSocket"
          : `The chain is asked every ${network.pollMs / 1000} s`}
      </span>
      {origin !== undefined && <span data-testid="origin">{origin}</span>}
      {network.indexUrl !== undefined && (
        <a href={network.indexUrl} target="_blank" rel="noreferrer">
          Index for auditors
        </a>
      )}
    </footer>
  );
}
