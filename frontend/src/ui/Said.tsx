import type { ReactElement } from "react";
import { plainText } from "./plainText.ts";

/**
 * A text that a stranger chose: a name, a description, an endpoint, a token's symbol. It breaks anywhere, keeps its direction
 * to itself, and holds nothing unseen.
 */
export function Said({ text, most }: { readonly text: string; readonly most?: number }): ReactElement {
  return <bdi className="said">{plainText(text, most)}</bdi>;
}
