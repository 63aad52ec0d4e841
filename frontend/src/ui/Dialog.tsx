import { useId, useImperativeHandle, useRef } from "react";
import type { ReactElement, ReactNode, Ref } from "react";
import { Icon } from "./icons.tsx";

export interface DialogHandle {
  open(): void;
  close(): void;
}

/** The browser's own modal dialog: it keeps the focus, and Escape closes it. */
export function Dialog({
  ref,
  title,
  onClose,
  children,
}: {
  readonly ref: Ref<DialogHandle>;
  readonly title: string;
  readonly onClose?: () => void;
  readonly children: ReactNode;
}): ReactElement {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useImperativeHandle(ref, () => ({
    open: () => element.current?.showModal(),
    close: () => element.current?.close(),
  }));
  return (
    <dialog ref={element} className="dialog" aria-labelledby={id} onClose={onClose}>
      <div className="dialog-body">
        <div className="row-spread">
          <h2 id={id}>{title}</h2>
          <button
            type="button"
            className="icon-button"
            aria-label="Close"
            onClick={() => element.current?.close()}
          >
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
