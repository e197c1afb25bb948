import { Check } from "lucide-react";
import {
  type KeyboardEvent,
  type ReactElement,
  type ReactNode,
  type Ref,
  useCallback,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";

import styles from "./Menu.module.css";

export interface MenuItem {
  label: string;
  icon?: ReactNode;
  tone?: "danger";
  /** Marks the chosen one of several; absent where nothing is chosen. */
  checked?: boolean;
  onSelect: () => void;
}

/** What the element that opens a menu must take. */
export interface MenuTrigger {
  ref: Ref<HTMLButtonElement>;
  "aria-haspopup": "menu";
  "aria-expanded": boolean;
  "aria-controls": string | undefined;
  onClick: () => void;
}

interface MenuProps {
  label: string;
  items: MenuItem[];
  trigger: (props: MenuTrigger) => ReactElement;
}

const GAP = 4;

/** A button that opens a menu. Arrow keys move, Escape closes, a click outside closes. */
export function Menu({ label, items, trigger }: MenuProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const id = useId();

  const close = useCallback(() => {
    setOpen(false);
    button.current?.focus({ preventScroll: true });
  }, []);

  useEffect(() => {
    const element = menu.current;
    if (!open || !element || !button.current) return;
    element.showPopover();
    place(element, button.current);
    const first = element.querySelector<HTMLElement>("[aria-checked=true], [role^=menuitem]");
    first?.focus({ preventScroll: true });
    const away = (event: PointerEvent) => {
      if (!element.contains(event.target as Node)) setOpen(false);
    };
    // The event of a scroll that ended before may come only now.
    const top = window.scrollY;
    const scrolled = () => {
      if (window.scrollY !== top) setOpen(false);
    };
    document.addEventListener("pointerdown", away, true);
    addEventListener("scroll", scrolled, { passive: true });
    return () => {
      document.removeEventListener("pointerdown", away, true);
      removeEventListener("scroll", scrolled);
    };
  }, [open]);

  const move = (event: KeyboardEvent) => {
    const all = [...(menu.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      all[to]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  };

  return (
    <>
      {trigger({
        ref: button,
        "aria-haspopup": "menu",
        "aria-expanded": open,
        "aria-controls": open ? id : undefined,
        onClick: () => setOpen((now) => !now),
      })}
      {open && (
        <div
          ref={menu}
          id={id}
          popover="manual"
          role="menu"
          aria-label={label}
          tabIndex={-1}
          className={styles.menu}
          onKeyDown={move}
        >
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role={item.checked === undefined ? "menuitem" : "menuitemradio"}
              aria-checked={item.checked}
              tabIndex={-1}
              className={styles.item}
              data-tone={item.tone}
              onClick={(event) => {
                event.stopPropagation();
                close();
                item.onSelect();
              }}
            >
              {item.icon}
              {item.label}
              {item.checked && <Check size={18} className={styles.check} />}
            </button>
          ))}
        </div>
      )}
    </>
  );
}

/** Below the button where there is room, else above; its end at the end of the button. */
function place(element: HTMLElement, button: HTMLElement): void {
  const anchor = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = element;
  const rightToLeft = getComputedStyle(button).direction === "rtl";
  const left = rightToLeft ? anchor.left : anchor.right - width;
  const below = anchor.bottom + GAP;
  const top = below + height > innerHeight ? anchor.top - GAP - height : below;
  element.style.left = `${Math.min(Math.max(left, GAP), innerWidth - width - GAP)}px`;
  element.style.top = `${Math.max(top, GAP)}px`;
}
