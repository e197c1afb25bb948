import { useState } from "react";

import { Problem } from "../../../api/problem";
import { PasswordField } from "../../../design/TextField";
import { useToasts } from "../../../design/Toast";
import { useText } from "../../../i18n/messages";
import { useFieldErrors, useProblemText } from "../../../i18n/problems";
import { useSubmit } from "../../../offline/useSubmit";
import { MIN_PASSWORD } from "../../sessions/credentials";
import { Form } from "../Form";
import { UnsavedGuard } from "../UnsavedGuard";
import { changePassword } from "../actions";
import { HandleForPasswordManagers } from "./HandleForPasswordManagers";

/** Changes the password. Every other session ends with it. */
export function PasswordForm({ handle }: { handle: string }) {
  const text = useText();
  const toasts = useToasts();
  const problemText = useProblemText();
  const changing = useSubmit(changePassword);
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const { error } = changing;
  const fieldErrors = useFieldErrors()(error);
  const reason = error instanceof Problem ? error.reason : undefined;
  const oldError = reason === "CREDENTIALS_WRONG" ? text("settings.password_wrong") : fieldErrors["old_password"];
  const newError = reason === "PASSWORD_TOO_WEAK" ? problemText(error) : fieldErrors["new_password"];

  const change = async () => {
    if (!(await changing.submit({ old_password: old, new_password: next }))) return;
    setOld("");
    setNext("");
    toasts.show({ text: text("settings.password_changed") });
  };

  return (
    <Form
      submit={text("settings.change_password")}
      onSubmit={() => void change()}
      pending={changing.pending}
      disabled={old === "" || next === ""}
      error={oldError || newError ? undefined : error}
    >
      <HandleForPasswordManagers handle={handle} />
      <PasswordField
        label={text("settings.old_password")}
        name="old_password"
        autoComplete="current-password"
        required
        value={old}
        error={oldError}
        onChange={(event) => {
          changing.clear();
          setOld(event.target.value);
        }}
      />
      <PasswordField
        label={text("settings.new_password")}
        hint={text("sessions.password_hint")}
        name="new_password"
        autoComplete="new-password"
        minLength={MIN_PASSWORD}
        maxLength={256}
        required
        value={next}
        error={newError}
        onChange={(event) => {
          changing.clear();
          setNext(event.target.value);
        }}
      />
      <UnsavedGuard unsaved={next !== "" && !changing.pending} />
    </Form>
  );
}
