import { X } from "lucide-react";
import {
  type ReactNode,
  createContext,
  use,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";

import { useText } from "../i18n/messages";
import styles from "./Toast.module.css";

export interface Toast {
  text: string;
  tone?: "neutral" | "failure";
  action?: { label: string; run: () => void };
}

interface Toasts {
  /** Shows a toast. Returns what ends it early. */
  show: (toast: Toast) => () => void;
}

interface ShownToast extends Toast {
  id: number;
}

const MAX_SHOWN = 3;
const SHOWN_MS = 6000;
/** A failure, or a toast with something to press, stays longer. */
const SHOWN_LONG_MS = 12_000;

const ToastContext = createContext<Toasts>({ show: () => () => undefined });

export function useToasts(): Toasts {
  return use(ToastContext);
}

/** Shows short messages above the page. Screen readers read them out. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<ShownToast[]>([]);
  const nextId = useRef(0);
  const text = useText();
  const layer = useRef<HTMLDivElement>(null);

  const dismiss = useCallback((id: number) => {
    setShown((toasts) => toasts.filter((toast) => toast.id !== id));
  }, []);
  const show = useCallback((toast: Toast) => {
    const id = nextId.current++;
    setShown((toasts) => [...toasts.filter((each) => each.text !== toast.text), { ...toast, id }].slice(-MAX_SHOWN));
    return () => dismiss(id);
  }, [dismiss]);
  const value = useMemo(() => ({ show }), [show]);

  useEffect(() => {
    // A popover that is shown again is above every open dialog.
    const element = layer.current;
    if (!element || shown.length === 0 || !element.showPopover) return;
    element.hidePopover();
    element.showPopover();
  }, [shown]);

  return (
    <ToastContext value={value}>
      {children}
      <div ref={layer} popover="manual" className={shown.length > 0 ? styles.toasts : undefined} role="status">
        {shown.map((toast) => (
          <ToastCard key={toast.id} toast={toast} close={text("common.close")} onDone={dismiss} />
        ))}
      </div>
    </ToastContext>
  );
}

interface ToastCardProps {
  toast: ShownToast;
  close: string;
  onDone: (id: number) => void;
}

function ToastCard({ toast, close, onDone }: ToastCardProps) {
  const [held, setHeld] = useState(false);
  const long = toast.tone === "failure" || toast.action !== undefined;
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => onDone(toast.id), long ? SHOWN_LONG_MS : SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toast.id, long, held, onDone]);

  return (
    // It only waits while somebody reads it.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div
      className={styles.toast}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <p>{toast.text}</p>
      {toast.action && (
        <button
          type="button"
          className={styles.action}
          onClick={() => {
            onDone(toast.id);
            toast.action?.run();
          }}
        >
          {toast.action.label}
        </button>
      )}
      <button type="button" className={styles.close} aria-label={close} onClick={() => onDone(toast.id)}>
        <X size={18} />
      </button>
    </div>
  );
}
