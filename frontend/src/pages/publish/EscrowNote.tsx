import type { ReactElement } from "react";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import type { Token } from "#chain/useToken.ts";
import { Notice } from "#ui/parts.tsx";
import { escrowWords } from "./escrowWords.ts";
import { tokenAmount } from "./tokenAmount.ts";

/** What the publication will cost, beside every step. */
export function EscrowNote({
  terms,
  escrow,
  token,
  isOpen,
}: {
  readonly terms: TaskTerms;
  readonly escrow: bigint;
  readonly token: Token | undefined;
  /** Whether the explanation is shown at first. */
  readonly isOpen: boolean;
}): ReactElement {
  return (
    <Notice>
      <p>
        Escrow: <strong>{escrow === 0n ? "none" : tokenAmount(escrow, token)}</strong>
      </p>
      {escrow > 0n && (
        <details open={isOpen}>
          <summary>What it pays, and what comes back</summary>
          <dl className="terms">
            {escrowWords(terms, token).map(([name, words]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{words}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </Notice>
  );
}
