import type { ReactElement } from "react";
import { useChainTime } from "../chain/useFederation.ts";
import { date, duration } from "./format.ts";

/** A moment in unix seconds, with how long ago that is, or how far ahead, by the chain's clock. */
export function Moment({ at }: { readonly at: number }): ReactElement {
  const now = useChainTime();
  const ahead = at - now;
  return (
    <time dateTime={isoOf(at)}>
      {date(at)}{" "}
      <span className="age">({ahead > 0 ? `in ${duration(ahead)}` : `${duration(-ahead)} ago`})</span>
    </time>
  );
}

/** Terms may hold any number of 40 bits, which is beyond what dates can say. */
function isoOf(seconds: number): string | undefined {
  const value = new Date(seconds * 1000);
  return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
}
