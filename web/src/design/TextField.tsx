import { Eye, EyeOff } from "lucide-react";
import { type ComponentProps, type ReactNode, useId, useState } from "react";

import { useText } from "../i18n/messages";
import { IconButton } from "./Button";
import styles from "./TextField.module.css";

interface FieldProps {
  label: string;
  hint?: string | undefined;
  /** What is wrong with the value. */
  error?: string | undefined;
  /** Stands at the end of the label's row, as a counter does. */
  aside?: ReactNode;
}

/** A labelled input with a hint and an error that screen readers read out. */
export function TextField({ label, hint, error, aside, ...rest }: FieldProps & ComponentProps<"input">) {
  return (
    <Field label={label} hint={hint} error={error} aside={aside}>
      {(field) => <input {...rest} {...field} />}
    </Field>
  );
}

/** The same with several lines; it grows with its text. */
export function TextArea({ label, hint, error, aside, ...rest }: FieldProps & ComponentProps<"textarea">) {
  return (
    <Field label={label} hint={hint} error={error} aside={aside}>
      {(field) => <textarea {...rest} {...field} data-lines />}
    </Field>
  );
}

/** A password, which can be shown while it is written. */
export function PasswordField({
  label,
  hint,
  error,
  aside,
  ...rest
}: FieldProps & Omit<ComponentProps<"input">, "type">) {
  const text = useText();
  const [shown, setShown] = useState(false);
  return (
    <Field label={label} hint={hint} error={error} aside={aside}>
      {(field) => (
        <div className={styles.password}>
          <input
            spellCheck={false}
            autoCapitalize="none"
            {...rest}
            {...field}
            type={shown ? "text" : "password"}
            dir="ltr"
          />
          <IconButton
            label={text(shown ? "common.hide_password" : "common.show_password")}
            className={styles.reveal}
            onClick={() => setShown(!shown)}
          >
            {shown ? <EyeOff size={18} /> : <Eye size={18} />}
          </IconButton>
        </div>
      )}
    </Field>
  );
}

interface ControlProps {
  id: string;
  className: string | undefined;
  "aria-invalid": true | undefined;
  "aria-describedby": string | undefined;
}

function Field({
  label,
  hint,
  error,
  aside,
  children,
}: Omit<FieldProps, "aside"> & { aside: ReactNode; children: (control: ControlProps) => ReactNode }) {
  const id = useId();
  const about = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={styles.field}>
      <div className={styles.head}>
        <label className={styles.label} htmlFor={id}>
          {label}
        </label>
        {aside}
      </div>
      {children({
        id,
        className: styles.input,
        "aria-invalid": error ? true : undefined,
        "aria-describedby": about || undefined,
      })}
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className={styles.error} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
