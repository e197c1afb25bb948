import { Link, useSearch } from "@tanstack/react-router";

import { session } from "../../api/session";
import { TextField } from "../../design/TextField";
import { useText } from "../../i18n/messages";
import { SessionForm } from "./SessionForm";
import { handleOf } from "./SignInPage";

const FIELD_OF = {
  HANDLE_TAKEN: "handle",
  HANDLE_RESERVED: "handle",
  HANDLE_INVALID: "handle",
  PASSWORD_TOO_WEAK: "password",
};

export function SignUpPage() {
  const text = useText();
  const { to } = useSearch({ from: "/sign-up" });
  return (
    <SessionForm
      title={text("sessions.sign_up_title")}
      submit={text("sessions.sign_up")}
      to={to}
      fieldOf={FIELD_OF}
      onSubmit={(form) =>
        session.signUp(
          handleOf(form),
          String(form.get("password")),
          String(form.get("display_name")).trim(),
        )
      }
      fields={(errors) => (
        <>
          <TextField
            label={text("sessions.display_name")}
            name="display_name"
            autoComplete="name"
            maxLength={100}
          />
          <TextField
            label={text("sessions.handle")}
            hint={text("sessions.handle_hint")}
            error={errors["handle"]}
            name="handle"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            pattern="@?[A-Za-z0-9_]{1,15}"
            title={text("sessions.handle_hint")}
            dir="ltr"
            required
          />
          <TextField
            label={text("sessions.password")}
            hint={text("sessions.password_hint")}
            error={errors["password"]}
            name="password"
            type="password"
            autoComplete="new-password"
            minLength={8}
            required
          />
        </>
      )}
      other={
        <>
          {text("sessions.have_account")}{" "}
          <Link to="/sign-in" search={to ? { to } : {}}>
            {text("sessions.sign_in")}
          </Link>
        </>
      }
    />
  );
}
