import type { ButtonHTMLAttributes, ReactElement, ReactNode } from "react";

type Tone = "plain" | "good" | "bad" | "wait" | "info" | "accent";

/** A word of state. Its colour repeats what the word says. */
export function Badge({
  tone = "plain",
  children,
}: {
  readonly tone?: Tone;
  readonly children: ReactNode;
}): ReactElement {
  return <span className={`badge badge-${tone}`}>{children}</span>;
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: "plain" | "primary" | "danger" | "quiet";
  readonly small?: boolean;
}

export function Button({
  look = "plain",
  small = false,
  className = "",
  ...rest
}: ButtonProps): ReactElement {
  const classes = ["button", `button-${look}`, small ? "button-small" : "", className]
    .filter(Boolean)
    .join(" ");
  return <button type="button" className={classes} {...rest} />;
}

interface CardProps {
  readonly title?: ReactNode;
  /** Stands at the right of the title. */
  readonly aside?: ReactNode;
  readonly note?: ReactNode;
  readonly children?: ReactNode;
}

export function Card({ title, aside, note, children }: CardProps): ReactElement {
  return (
    <section className="card">
      {(title !== undefined || aside !== undefined) && (
        <div className="row-spread">
          {title !== undefined && <h2>{title}</h2>}
          {aside}
        </div>
      )}
      {note !== undefined && <p className="card-note">{note}</p>}
      {children}
    </section>
  );
}

export function PageHead({
  title,
  lead,
  children,
}: {
  readonly title: ReactNode;
  readonly lead?: ReactNode;
  readonly children?: ReactNode;
}): ReactElement {
  return (
    <header className="page-head">
      <div>
        <h1>{title}</h1>
        {lead !== undefined && <p className="lead">{lead}</p>}
      </div>
      {children !== undefined && <div className="row">{children}</div>}
    </header>
  );
}

interface NoticeProps {
  readonly tone?: "info" | "bad" | "wait" | "good";
  readonly children: ReactNode;
  readonly action?: ReactNode;
}

/** A sentence that a reader should not miss, and a way on. */
export function Notice({ tone = "info", children, action }: NoticeProps): ReactElement {
  return (
    <div className={`notice notice-${tone}`} role={tone === "bad" ? "alert" : "status"}>
      {children}
      {action !== undefined && <div className="row">{action}</div>}
    </div>
  );
}

export function Empty({ children }: { readonly children: ReactNode }): ReactElement {
  return <div className="empty">{children}</div>;
}

/** Names and values, e.g. figures at the head of a page. */
export function Facts({
  facts,
  large = false,
}: {
  readonly facts: readonly (readonly [name: string, value: ReactNode])[];
  readonly large?: boolean;
}): ReactElement {
  return (
    <dl className={large ? "facts facts-large" : "facts"}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A table that scrolls by itself where the page is too narrow. */
export function Table({
  caption,
  head,
  children,
  className,
}: {
  readonly caption: string;
  readonly head: readonly ReactNode[];
  readonly children: ReactNode;
  readonly className?: string;
}): ReactElement {
  return (
    // A region that scrolls must be reachable by keyboard.
    <div className="table-scroll" role="region" aria-label={caption} tabIndex={0}>
      <table className={className}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {head.map((cell, index) => (
              <th key={index} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** A share from 0 to 1, with words for those who do not see it. */
export function Meter({ share, label }: { readonly share: number; readonly label: string }): ReactElement {
  const percent = Math.round(100 * Math.min(1, Math.max(0, share)));
  return (
    <div
      className="meter"
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <span style={{ width: `${percent}%` }} />
    </div>
  );
}
