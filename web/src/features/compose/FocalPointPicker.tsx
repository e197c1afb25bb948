import { type CSSProperties, type KeyboardEvent, type PointerEvent, type ReactNode, useId, useRef } from "react";
import { useIntl } from "react-intl";

import { Button } from "../../design/Button";
import { useText } from "../../i18n/messages";
import styles from "./FocalPointPicker.module.css";
import type { FocalPoint } from "./attachments";

const CENTRE: FocalPoint = { x: 0, y: 0 };
/** How far an arrow key moves the point: of a range from -1 to 1. */
const STEP = 0.1;
const MOVES: Record<string, FocalPoint> = {
  ArrowLeft: { x: -STEP, y: 0 },
  ArrowRight: { x: STEP, y: 0 },
  ArrowUp: { x: 0, y: STEP },
  ArrowDown: { x: 0, y: -STEP },
};

interface FocalPointPickerProps {
  value: FocalPoint | null;
  onChange: (point: FocalPoint | null) => void;
  /** The picture. */
  children: ReactNode;
  /** The picture as it is cut, which shows the effect. */
  crop: ReactNode;
}

/** A point on a picture, set with a pointer or with the arrow keys. */
export function FocalPointPicker({ value, onChange, children, crop }: FocalPointPickerProps) {
  const text = useText();
  const { formatNumber } = useIntl();
  const id = useId();
  const area = useRef<HTMLDivElement>(null);
  const point = value ?? CENTRE;
  const across = (point.x + 1) / 2;
  const down = (1 - point.y) / 2;

  const set = (x: number, y: number) => onChange({ x: rounded(x), y: rounded(y) });
  const follow = (event: PointerEvent) => {
    const box = area.current?.getBoundingClientRect();
    if (!box?.width || !box.height) return;
    set(((event.clientX - box.left) / box.width) * 2 - 1, 1 - ((event.clientY - box.top) / box.height) * 2);
  };
  const move = (event: KeyboardEvent) => {
    const by = MOVES[event.key];
    if (by) set(point.x + by.x, point.y + by.y);
    else if (event.key === "Home") onChange(null);
    else return;
    event.preventDefault();
  };

  return (
    <div className={styles.picker}>
      <div className={styles.stage}>
        {/* A picture is the same in every direction of writing. */}
        <div
          ref={area}
          dir="ltr"
          className={styles.area}
          role="slider"
          tabIndex={0}
          aria-label={text("compose.focal_point")}
          aria-describedby={id}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(across * 100)}
          aria-valuetext={text("compose.focal_point_value", {
            across: formatNumber(across, { style: "percent" }),
            down: formatNumber(down, { style: "percent" }),
          })}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture?.(event.pointerId);
            follow(event);
          }}
          onPointerMove={(event) => {
            if (event.buttons & 1) follow(event);
          }}
          onKeyDown={move}
        >
          {children}
          <span className={styles.point} style={{ "--across": across, "--down": down } as CSSProperties} />
        </div>
      </div>
      <div className={styles.effect}>
        <div className={styles.crops} aria-hidden>
          <div className={styles.wide}>{crop}</div>
          <div className={styles.square}>{crop}</div>
          <div className={styles.tall}>{crop}</div>
        </div>
        <p id={id}>{text("compose.focal_point_hint")}</p>
        <Button variant="quiet" size="small" disabled={value === null} onClick={() => onChange(null)}>
          {text("compose.focal_point_reset")}
        </Button>
      </div>
    </div>
  );
}

function rounded(value: number): number {
  return Math.round(Math.min(1, Math.max(-1, value)) * 100) / 100;
}
