import type { ReactElement } from "react";

export function Toasts(): ReactElement {
  return <div className="toasts" aria-live="polite" />;
}
