import { type PointerEvent, type ReactNode, Suspense, lazy, useEffect, useRef, useState } from "react";

import type { User } from "../../api/client";
import styles from "./ProfileHover.module.css";

const ProfileCard = lazy(() => import("./ProfileCard").then((module) => ({ default: module.ProfileCard })));

/** A pointer that only passes opens nothing. */
const OPEN_AFTER_MS = 450;
/** The way from the link to the card takes some time. */
const CLOSE_AFTER_MS = 250;
const GAP = 6;

/**
 * Shows a card of a profile while a mouse rests on its link.
 *
 * It has nothing that the profile, to which the link leads, does not have: keyboards and fingers go
 * there.
 */
export function ProfileHover({ user, children }: { user: User; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const anchor = useRef<HTMLSpanElement>(null);
  const card = useRef<HTMLDivElement>(null);

  const set = (next: boolean) => (event: PointerEvent) => {
    if (event.pointerType !== "mouse") return;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpen(next), next ? OPEN_AFTER_MS : CLOSE_AFTER_MS);
  };
  const close = () => {
    clearTimeout(timer.current);
    setOpen(false);
  };
  useEffect(() => () => clearTimeout(timer.current), []);

  useEffect(() => {
    const element = card.current;
    const link = anchor.current?.firstElementChild;
    if (!open || !element || !link) return;
    element.showPopover();
    const position = () => place(element, link);
    position();
    // The card grows when the profile is there.
    const observer = new ResizeObserver(position);
    observer.observe(element);
    const end = () => setOpen(false);
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") end();
    };
    addEventListener("scroll", end, { passive: true });
    document.addEventListener("keydown", onKey);
    return () => {
      observer.disconnect();
      removeEventListener("scroll", end);
      document.removeEventListener("keydown", onKey);
    };
  }, [open]);

  return (
    <span className={styles.hover} onPointerEnter={set(true)} onPointerLeave={set(false)}>
      {/* A press follows the link. */}
      { }
      <span ref={anchor} className={styles.hover} onPointerDown={close}>
        {children}
      </span>
      {open && (
        // A click in the card is none on what lies below it.
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
        <div ref={card} popover="manual" className={styles.card} onClick={(event) => event.stopPropagation()}>
          <Suspense fallback={null}>
            <ProfileCard user={user} />
          </Suspense>
        </div>
      )}
    </span>
  );
}

/** Below the link where there is room, else above it; both begin at the same edge. */
function place(element: HTMLElement, link: Element): void {
  const at = link.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = element;
  const rightToLeft = getComputedStyle(link).direction === "rtl";
  const left = rightToLeft ? at.right - width : at.left;
  const below = at.bottom + GAP;
  const top = below + height > innerHeight && at.top > height + GAP ? at.top - GAP - height : below;
  element.style.left = `${Math.min(Math.max(left, GAP), innerWidth - width - GAP)}px`;
  element.style.top = `${top}px`;
}
