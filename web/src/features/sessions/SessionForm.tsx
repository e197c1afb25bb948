import { type FormEvent, type ReactNode, useRef, useState } from "react";
import { Link, useNavigate } from "@tanstack/react-router";

import { newIdempotencyKey } from "../../api/idempotency";
import { Problem, isTemporary } from "../../api/problem";
import { Button } from "../../design/Button";
import { useFieldErrors, useProblemText } from "../../i18n/problems";
import { Logo } from "../shell/Logo";
import { PreferencesButton } from "../shell/PreferencesButton";
import styles from "./SessionForm.module.css";

/** What is wrong with each field, by its name. */
export type FieldErrors = Readonly<Record<string, string | undefined>>;

interface SessionFormProps {
  title: string;
  submit: string;
  /** Signs in or up with what the form holds. A repetition after no answer has the same key. */
  onSubmit: (form: FormData, key: string) => Promise<unknown>;
  /** Fields; `errors` has what the server says about each, `clear` forgets that. */
  fields: (errors: FieldErrors, clear: () => void) => ReactNode;
  /** The reasons of problems that belong to a field. */
  fieldOf: Readonly<Record<string, string>>;
  to: string | undefined;
  other: ReactNode;
}

/** The frame of signing in and signing up: a form, its failure, and the way to the other. */
export function SessionForm({ title, submit, onSubmit, fields, fieldOf, to, other }: SessionFormProps) {
  const navigate = useNavigate();
  const problemText = useProblemText();
  const fieldErrors = useFieldErrors();
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<unknown>();
  const failed = useRef<{ content: string; key: string }>(undefined);
  const element = useRef<HTMLFormElement>(null);

  const errorsOf = (failure: unknown): FieldErrors => {
    const field = failure instanceof Problem ? fieldOf[failure.reason] : undefined;
    return field ? { [field]: problemText(failure) } : fieldErrors(failure);
  };
  const errors = errorsOf(error);
  const elsewhere = error !== undefined && Object.keys(errors).length === 0;

  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const content = JSON.stringify([...form]);
    const key = failed.current?.content === content ? failed.current.key : newIdempotencyKey();
    failed.current = undefined;
    setPending(true);
    setError(undefined);
    try {
      await onSubmit(form, key);
      await navigate({ to: to ?? "/", replace: true });
    } catch (failure) {
      if (isTemporary(failure)) failed.current = { content, key };
      setError(failure);
      const [field] = Object.keys(errorsOf(failure));
      if (field) element.current?.querySelector<HTMLElement>(`[name="${field}"]`)?.focus();
    } finally {
      setPending(false);
    }
  };

  return (
    <main className={styles.page}>
      <div className={styles.preferences}>
        <PreferencesButton />
      </div>
      <div className={styles.card}>
        <Link to="/" className={styles.brand} aria-label="Roost">
          <Logo size={48} />
        </Link>
        <h1>{title}</h1>
        <form ref={element} className={styles.form} onSubmit={(event) => void send(event)}>
          {fields(errors, () => setError(undefined))}
          {elsewhere && (
            <p className={styles.failure} role="alert">
              {problemText(error)}
            </p>
          )}
          <Button type="submit" size="large" wide busy={pending}>
            {submit}
          </Button>
        </form>
        <p className={styles.other}>{other}</p>
      </div>
    </main>
  );
}
