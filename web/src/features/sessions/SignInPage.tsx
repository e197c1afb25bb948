import { Link, useSearch } from "@tanstack/react-router";

import { session } from "../../api/session";
import { PasswordField, TextField } from "../../design/TextField";
import { useText } from "../../i18n/messages";
import { SessionForm } from "./SessionForm";
import { MAX_PASSWORD, cleanHandle } from "./credentials";
import { usePageTitle } from "./usePageTitle";

export function SignInPage() {
  const text = useText();
  const { to } = useSearch({ strict: false });
  usePageTitle(text("sessions.sign_in"));
  return (
    <SessionForm
      title={text("sessions.sign_in_title")}
      submit={text("sessions.sign_in")}
      to={to}
      // Which of the two is wrong is not said: the text stands below both.
      fieldOf={{}}
      onSubmit={(form) => session.signIn(cleanHandle(String(form.get("handle"))), String(form.get("password")))}
      fields={(errors, clear) => (
        <>
          <TextField
            label={text("sessions.handle")}
            error={errors["handle"]}
            name="handle"
            autoComplete="username"
            autoCapitalize="none"
            autoCorrect="off"
            spellCheck={false}
            dir="ltr"
            required
            onChange={clear}
          />
          <PasswordField
            label={text("sessions.password")}
            error={errors["password"]}
            name="password"
            autoComplete="current-password"
            maxLength={MAX_PASSWORD}
            required
            onChange={clear}
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
