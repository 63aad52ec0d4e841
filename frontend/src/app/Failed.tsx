import type { ReactElement } from "react";
import { Button, Notice } from "../ui/parts.tsx";
import { explainError } from "./explainError.ts";

/** An error in one sentence, and a way on. */
export function Failed({
  error,
  retry,
  isFirstRead = false,
}: {
  readonly error: unknown;
  readonly retry?: () => void;
  /** Whether nothing of the chain is on the page yet. */
  readonly isFirstRead?: boolean;
}): ReactElement {
  const { message, hint } = explainError(error, isFirstRead);
  return (
    <Notice tone="bad" action={retry && <Button onClick={retry}>Try again</Button>}>
      <p>{message}</p>
      <p>{hint}</p>
    </Notice>
  );
}
