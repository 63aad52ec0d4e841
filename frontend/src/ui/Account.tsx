import { useState } from "react";
import type { ReactElement } from "react";
import { ExplorerLink } from "./ExplorerLink.tsx";
import { copyText } from "./copyText.ts";
import { Icon } from "./icons.tsx";

/** An account: identicon, short form, copy button, and the explorer's page where one is configured. */
export function Account({ address }: { readonly address: string }): ReactElement {
  const short = `${address.slice(0, 6)}…${address.slice(-4)}`;
  return (
    <span className="account" title={address}>
      <Identicon value={address} />
      <ExplorerLink kind="address" id={address}>
        {short}
      </ExplorerLink>
      <Copy text={address} what="address" />
    </span>
  );
}

/** A digest or hash in short form, copyable in full. */
export function Hash({
  value,
  what = "digest",
}: {
  readonly value: string;
  readonly what?: string;
}): ReactElement {
  const short = `${value.slice(0, 8)}…${value.slice(-6)}`;
  return (
    <span className="account" title={value}>
      {what === "transaction hash" ? (
        <ExplorerLink kind="tx" id={value}>
          {short}
        </ExplorerLink>
      ) : (
        <span>{short}</span>
      )}
      <Copy text={value} what={what} />
    </span>
  );
}

/** What became of copying. */
type CopyState = "idle" | "copied" | "refused";

export function Copy({ text, what }: { readonly text: string; readonly what: string }): ReactElement {
  const [state, setState] = useState<CopyState>("idle");
  const copy = async (): Promise<void> => {
    const done = await copyText(text);
    setState(done ? "copied" : "refused");
    if (done) setTimeout(() => setState("idle"), 1500);
  };
  return (
    <>
      <button
        type="button"
        className="copy"
        aria-label={state === "copied" ? "Copied" : `Copy ${what}`}
        onClick={() => void copy()}
      >
        <Icon name={state === "copied" ? "check" : "copy"} />
      </button>
      {state === "refused" && (
        <span className="copy-by-hand" role="status">
          This browser does not let the page copy. Take it from here:{" "}
          <input
            readOnly
            aria-label={`The whole ${what}`}
            value={text}
            ref={(input) => input?.select()}
            onFocus={({ target }) => target.select()}
          />
          <button type="button" className="copy" aria-label="Close" onClick={() => setState("idle")}>
            <Icon name="close" />
          </button>
        </span>
      )}
    </>
  );
}

const CELLS = 5;

/** A symmetric pattern of an account's own, in a colour of its own. */
export function Identicon({ value }: { readonly value: string }): ReactElement {
  const bits = BigInt(value);
  const hue = Number(bits % 360n);
  const cells = Array.from({ length: CELLS * 3 }, (_, index) => ((bits >> BigInt(index + 9)) & 1n) === 1n);
  return (
    <svg viewBox="0 0 5 5" width="18" height="18" aria-hidden="true" shapeRendering="crispEdges">
      <rect width="5" height="5" fill={`hsl(${hue} 45% 88%)`} />
      {cells.flatMap((on, index) => {
        if (!on) return [];
        const [row, column] = [Math.floor(index / 3), index % 3];
        return [column, CELLS - 1 - column].map((x, side) => (
          <rect key={`${index}-${side}`} x={x} y={row} width="1" height="1" fill={`hsl(${hue} 55% 38%)`} />
        ));
      })}
    </svg>
  );
}
