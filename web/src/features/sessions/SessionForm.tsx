import { type FormEvent, type ReactNode, useState } from "react";
import { Link, useNavigate } from "@tanstack/react-router";

import { Problem } from "../../api/problem";
import { Button } from "../../design/Button";
import { useProblemText } from "../../i18n/problems";
import { Logo } from "../shell/Logo";
import styles from "./SessionForm.module.css";

interface SessionFormProps {
  title: string;
  submit: string;
  /** Signs in or up with what the form holds. */
  onSubmit: (form: FormData) => Promise<unknown>;
  /** Fields; `errors` has what the server says about each. */
  fields: (errors: Readonly<Record<string, string>>) => ReactNode;
  /** The reasons of problems that belong to a field. */
  fieldOf: Readonly<Record<string, string>>;
  to: string | undefined;
  other: ReactNode;
}

/** The frame of signing in and signing up: a form, its failure, and the way to the other. */
export function SessionForm({ title, submit, onSubmit, fields, fieldOf, to, other }: SessionFormProps) {
  const navigate = useNavigate();
  const problemText = useProblemText();
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<unknown>();
  const field = error instanceof Problem ? fieldOf[error.reason] : undefined;

  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    setPending(true);
    setError(undefined);
    try {
      await onSubmit(new FormData(form));
      await navigate({ to: to ?? "/", replace: true });
    } catch (failure) {
      setError(failure);
    } finally {
      setPending(false);
    }
  };

  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <Link to="/" className={styles.brand} aria-label="Roost">
          <Logo size={48} />
        </Link>
        <h1>{title}</h1>
        <form className={styles.form} onSubmit={(event) => void send(event)}>
          {fields(field ? { [field]: problemText(error) } : {})}
          {error !== undefined && !field && (
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
