import type { FormEvent, ReactNode } from "react";

import { Button } from "../../design/Button";
import { useProblemText } from "../../i18n/problems";
import styles from "./Form.module.css";

interface FormProps {
  /** The words of the button that sends it. */
  submit: string;
  onSubmit: () => void;
  pending: boolean;
  disabled?: boolean;
  tone?: "primary" | "danger";
  /** What failed, where it belongs to no field. */
  error?: unknown;
  /** Stand beside the button. */
  others?: ReactNode;
  children: ReactNode;
}

/** Fields, what failed, and the button that sends them. */
export function Form({
  submit,
  onSubmit,
  pending,
  disabled = false,
  tone = "primary",
  error,
  others,
  children,
}: FormProps) {
  const problemText = useProblemText();
  return (
    <form
      className={styles.form}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        if (!disabled) onSubmit();
      }}
    >
      {children}
      {error !== undefined && (
        <p className={styles.failure} role="alert">
          {problemText(error)}
        </p>
      )}
      <div className={styles.buttons}>
        {/* A disabled button would lose the focus when there is nothing left to save. */}
        <Button type="submit" variant={tone} busy={pending} aria-disabled={disabled || undefined}>
          {submit}
        </Button>
        {others}
      </div>
    </form>
  );
}
