// A question in front of the page: the browser's own dialog keeps the focus in it and gives it back.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { useKeys } from "../keys";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useKeys(title, [{ key: "Escape", does: "close", run: onClose }], true);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-body">
        <h2 id={heading}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

// One that only tells something.
export function MessageDialog({ children, ...dialog }: DialogProps) {
  return (
    <Dialog {...dialog}>
      {children}
      <div class="dialog-actions">
        <span class="hint" />
        <button type="button" class="primary" onClick={dialog.onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

interface FormDialogProps extends DialogProps {
  action: string; // on the button that does it
  busy: boolean;
  error: string; // why it could not be done; empty: nothing is wrong
  onSubmit: () => void;
}

// One that sends something: Ctrl+Enter does too, from within a text.
export function FormDialog({ action, busy, error, onSubmit, children, ...dialog }: FormDialogProps) {
  const submit = (event: Event) => {
    event.preventDefault();
    if (!busy) onSubmit();
  };
  return (
    <Dialog {...dialog}>
      <form
        onSubmit={submit}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
        }}
      >
        {children}
        {error !== "" && (
          <p class="problem" role="alert">
            {error}
          </p>
        )}
        <div class="dialog-actions">
          <span class="hint">
            <kbd>Ctrl</kbd> <kbd>Enter</kbd> sends, <kbd>Esc</kbd> closes
          </span>
          <button type="button" onClick={dialog.onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
