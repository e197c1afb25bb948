import { type ComponentProps, type ReactNode, forwardRef } from "react";

import styles from "./Button.module.css";
import { Spinner } from "./Spinner";
import { classes } from "./classes";

type Variant = "primary" | "secondary" | "quiet" | "danger";

interface Look {
  variant?: Variant;
  size?: "small" | "medium" | "large";
  wide?: boolean;
}

interface ButtonProps extends Look, ComponentProps<"button"> {
  /** Shows a spinner and takes no clicks. It keeps the focus. */
  busy?: boolean;
}

/** The classes of a button, for links that look like one. */
export function buttonClass({ variant = "primary", size = "medium", wide = false }: Look): string {
  return classes(
    styles.button,
    styles[variant],
    size !== "medium" && styles[size],
    wide && styles.wide,
  );
}

/** A button with words. */
export function Button({
  variant,
  size,
  wide,
  busy = false,
  children,
  onClick,
  className,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={classes(
        buttonClass({
          ...(variant ? { variant } : {}),
          ...(size ? { size } : {}),
          ...(wide ? { wide } : {}),
        }),
        className,
      )}
      aria-busy={busy || undefined}
      {...(busy ? { "aria-disabled": true } : {})}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy && <Spinner size="small" />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ComponentProps<"button">, "children"> {
  /** What it does, for screen readers and as a tooltip. */
  label: string;
  children: ReactNode;
}

/** A round button with an icon. */
export const IconButton = forwardRef<HTMLButtonElement, IconButtonProps>(function IconButton(
  { label, className, children, ...rest },
  ref,
) {
  return (
    <button
      type="button"
      {...rest}
      ref={ref}
      className={classes(styles.icon, className)}
      aria-label={label}
      title={label}
    >
      {children}
    </button>
  );
});
