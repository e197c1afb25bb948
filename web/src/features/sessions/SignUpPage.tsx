import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { session } from "../../api/session";
import { PasswordField, TextField } from "../../design/TextField";
import { useText } from "../../i18n/messages";
import { HandleField } from "./HandleField";
import { SessionForm } from "./SessionForm";
import { MAX_PASSWORD, MIN_PASSWORD, cleanHandle } from "./credentials";
import { usePageTitle } from "./usePageTitle";

const FIELD_OF = {
  HANDLE_TAKEN: "handle",
  HANDLE_RESERVED: "handle",
  HANDLE_INVALID: "handle",
  PASSWORD_TOO_WEAK: "password",
};

export function SignUpPage() {
  const text = useText();
  const { to } = useSearch({ strict: false });
  const [password, setPassword] = useState("");
  const missing = MIN_PASSWORD - [...password].length;
  usePageTitle(text("sessions.sign_up"));
  return (
    <SessionForm
      title={text("sessions.sign_up_title")}
      submit={text("sessions.sign_up")}
      to={to}
      fieldOf={FIELD_OF}
      onSubmit={(form, key) =>
        session.signUp(
          cleanHandle(String(form.get("handle"))),
          String(form.get("password")),
          String(form.get("display_name")).trim(),
          key,
        )
      }
      fields={(errors, clear) => (
        <>
          <HandleField error={errors["handle"]} onChange={clear} />
          <TextField
            label={text("sessions.display_name")}
            hint={text("sessions.display_name_hint")}
            error={errors["display_name"]}
            name="display_name"
            autoComplete="name"
            dir="auto"
            maxLength={50}
            onChange={clear}
          />
          <PasswordField
            label={text("sessions.password")}
            hint={
              password && missing > 0
                ? text("sessions.password_missing", { count: missing })
                : text("sessions.password_hint")
            }
            error={errors["password"]}
            name="password"
            autoComplete="new-password"
            minLength={MIN_PASSWORD}
            maxLength={MAX_PASSWORD}
            required
            onChange={(event) => {
              clear();
              setPassword(event.target.value);
            }}
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
