import { Link, useSearch } from "@tanstack/react-router";

import { session } from "../../api/session";
import { TextField } from "../../design/TextField";
import { useText } from "../../i18n/messages";
import { SessionForm } from "./SessionForm";

export function SignInPage() {
  const text = useText();
  const { to } = useSearch({ from: "/sign-in" });
  return (
    <SessionForm
      title={text("sessions.sign_in_title")}
      submit={text("sessions.sign_in")}
      to={to}
      fieldOf={{}}
      onSubmit={(form) => session.signIn(handleOf(form), String(form.get("password")))}
      fields={() => (
        <>
          <TextField
            label={text("sessions.handle")}
            name="handle"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            dir="ltr"
            required
          />
          <TextField
            label={text("sessions.password")}
            name="password"
            type="password"
            autoComplete="current-password"
            required
          />
        </>
      )}
      other={
        <>
          {text("sessions.no_account")}{" "}
          <Link to="/sign-up" search={to ? { to } : {}}>
            {text("sessions.sign_up")}
          </Link>
        </>
      }
    />
  );
}

/** The handle without an @ that many people type before it. */
export function handleOf(form: FormData): string {
  return String(form.get("handle")).trim().replace(/^@/, "");
}
