import { useEffect } from "react";
import { plainText } from "../ui/plainText.ts";

/** Letters of one part of a title at most: names are a stranger's choice. */
const MOST = 60;

/** Names the page in the browser's tab and history, the most particular part first. */
export function useTitle(...parts: readonly (string | undefined)[]): void {
  const title = [...parts, "Concordat"]
    .filter((part) => part !== undefined)
    .map((part) => plainText(part, MOST))
    .join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
