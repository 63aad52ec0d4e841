import type { ReactElement } from "react";

const PATHS = {
  home: "M3 11.5 12 4l9 7.5M5.5 10v10h13V10",
  tasks: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  nodes: "M12 4v6m0 0-6 8m6-8 6 8M12 4h.01M6 18h12",
  publish: "M12 5v14M5 12h14",
  audit: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 5 5M8 11l2 2 4-4",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "m5 13 4 4L19 7",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm0-14v2m0 16v2M4 12H2m20 0h-2M5 5l1.5 1.5m11 11L19 19M5 19l1.5-1.5m11-11L19 5",
  moon: "M20 14.5A8 8 0 1 1 9.5 4a6.5 6.5 0 0 0 10.5 10.5Z",
  auto: "M12 3a9 9 0 1 0 0 18V3Z M12 3a9 9 0 0 1 0 18",
  close: "m6 6 12 12M18 6 6 18",
  download: "M12 4v11m0 0-4-4m4 4 4-4M5 20h14",
  external: "M14 4h6v6m0-6-9 9M19 14v6H4V5h6",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.300l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3A4 4 0 0 0 11 18.700l1-1",
} as const;

export type IconName = keyof typeof PATHS;

/** A line drawing beside a word; never the only name of a thing. */
export function Icon({ name }: { readonly name: IconName }): ReactElement {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      width="1em"
      height="1em"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** Two rings that overlap: parties to one agreement. */
export function Mark(): ReactElement {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <g fill="none" stroke="currentColor" strokeWidth="2.6">
        <circle cx="12" cy="16" r="7.5" />
        <circle cx="20" cy="16" r="7.5" />
      </g>
    </svg>
  );
}
