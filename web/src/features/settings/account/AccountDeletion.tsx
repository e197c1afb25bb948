import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { Problem } from "../../../api/problem";
import { session } from "../../../api/session";
import { Button } from "../../../design/Button";
import { Dialog } from "../../../design/Dialog";
import { PasswordField } from "../../../design/TextField";
import { useToasts } from "../../../design/Toast";
import { useText } from "../../../i18n/messages";
import { useSubmit } from "../../../offline/useSubmit";
import { Form } from "../Form";
import { deleteAccount } from "../actions";
import styles from "./AccountDeletion.module.css";
import { HandleForPasswordManagers } from "./HandleForPasswordManagers";

/** Deletes the account: what that means, and the password that proves who wants it. */
export function AccountDeletion({ handle }: { handle: string }) {
  const text = useText();
  const [open, setOpen] = useState(false);
  return (
    <div>
      <Button variant="danger" onClick={() => setOpen(true)}>
        {text("settings.delete_account")}
      </Button>
      {open && <DeletionDialog handle={handle} onClose={() => setOpen(false)} />}
    </div>
  );
}

function DeletionDialog({ handle, onClose }: { handle: string; onClose: () => void }) {
  const text = useText();
  const toasts = useToasts();
  const navigate = useNavigate();
  const deleting = useSubmit(deleteAccount);
  const [password, setPassword] = useState("");
  const wrong = deleting.error instanceof Problem && deleting.error.reason === "CREDENTIALS_WRONG";

  const leave = async () => {
    if (!(await deleting.submit({ password }))) return;
    await session.endWithAccount();
    await navigate({ to: "/", replace: true });
    toasts.show({ text: text("settings.deleted") });
  };

  return (
    <Dialog title={text("settings.delete_title", { handle })} onClose={onClose}>
      <div className={styles.body}>
        <ul className={styles.consequences}>
          <li>{text("settings.delete_posts")}</li>
          <li>{text("settings.delete_handle", { handle })}</li>
          <li>{text("settings.delete_final")}</li>
        </ul>
        <Form
          submit={text("settings.delete_for_good")}
          tone="danger"
          onSubmit={() => void leave()}
          pending={deleting.pending}
          disabled={password === ""}
          error={wrong ? undefined : deleting.error}
          others={
            <Button variant="secondary" onClick={onClose}>
              {text("common.cancel")}
            </Button>
          }
        >
          <HandleForPasswordManagers handle={handle} />
          <PasswordField
            label={text("settings.your_password")}
            name="password"
            autoComplete="current-password"
            required
            value={password}
            error={wrong ? text("settings.password_wrong") : undefined}
            onChange={(event) => {
              deleting.clear();
              setPassword(event.target.value);
            }}
          />
        </Form>
      </div>
    </Dialog>
  );
}
