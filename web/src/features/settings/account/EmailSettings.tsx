import { useQuery } from "@tanstack/react-query";
import { BadgeCheck } from "lucide-react";
import { useState } from "react";

import type { Schemas } from "../../../api/client";
import { Button } from "../../../design/Button";
import { ConfirmDialog } from "../../../design/ConfirmDialog";
import { TextField } from "../../../design/TextField";
import { useToasts } from "../../../design/Toast";
import { Text, useText } from "../../../i18n/messages";
import { useFieldErrors } from "../../../i18n/problems";
import { useAction } from "../../../offline/useAction";
import { useSubmit } from "../../../offline/useSubmit";
import { Form } from "../Form";
import { Loaded } from "../SettingsPage";
import { confirmEmail, removeEmail, setEmail } from "../actions";
import { emailQuery } from "../queries";
import styles from "./EmailSettings.module.css";

/** The email address: none, waiting for its code, or in use. */
export function EmailSettings() {
  const email = useQuery(emailQuery);
  return <Loaded query={email}>{(data) => <Email email={data} />}</Loaded>;
}

function Email({ email: { address, confirmed } }: { email: Schemas["Email"] }) {
  const text = useText();
  const [changing, setChanging] = useState(false);
  const [removing, setRemoving] = useState(false);
  const removal = useAction(removeEmail);

  if (address === null || changing) {
    return (
      <AddressForm
        onDone={() => setChanging(false)}
        onCancel={address === null ? undefined : () => setChanging(false)}
      />
    );
  }
  const others = (
    <>
      <Button variant="secondary" onClick={() => setChanging(true)}>
        {text("settings.change_email")}
      </Button>
      <Button variant="quiet" onClick={() => setRemoving(true)}>
        {text("settings.remove_email")}
      </Button>
    </>
  );
  return (
    <>
      {confirmed ? (
        <>
          <p className={styles.address}>
            <bdi dir="ltr">{address}</bdi>
            <span className={styles.confirmed}>
              <BadgeCheck size={16} />
              {text("settings.email_confirmed")}
            </span>
          </p>
          <div className={styles.buttons}>{others}</div>
        </>
      ) : (
        <CodeForm address={address} others={others} />
      )}
      {removing && (
        <ConfirmDialog
          title={text("settings.remove_email_title")}
          confirm={text("settings.remove_email")}
          onConfirm={() => {
            setRemoving(false);
            void removal.run();
          }}
          onClose={() => setRemoving(false)}
        >
          <p>{text("settings.remove_email_text")}</p>
        </ConfirmDialog>
      )}
    </>
  );
}

interface AddressFormProps {
  onDone: () => void;
  onCancel: (() => void) | undefined;
}

function AddressForm({ onDone, onCancel }: AddressFormProps) {
  const text = useText();
  const sending = useSubmit(setEmail);
  const [address, setAddress] = useState("");
  const error = useFieldErrors()(sending.error)["address"];

  return (
    <Form
      submit={text("settings.send_code")}
      pending={sending.pending}
      disabled={address.trim() === ""}
      error={error ? undefined : sending.error}
      onSubmit={() => void sending.submit({ address: address.trim() }).then((sent) => sent && onDone())}
      others={
        onCancel && (
          <Button variant="secondary" onClick={onCancel}>
            {text("common.cancel")}
          </Button>
        )
      }
    >
      <TextField
        label={text("settings.email_address")}
        name="email"
        type="email"
        autoComplete="email"
        dir="ltr"
        maxLength={254}
        required
        value={address}
        error={error}
        onChange={(event) => {
          sending.clear();
          setAddress(event.target.value);
        }}
      />
    </Form>
  );
}

function CodeForm({ address, others }: { address: string; others: React.ReactNode }) {
  const text = useText();
  const toasts = useToasts();
  const confirming = useSubmit(confirmEmail);
  const resending = useSubmit(setEmail);
  const [code, setCode] = useState("");

  return (
    <Form
      submit={text("settings.confirm_email")}
      pending={confirming.pending}
      disabled={code.length !== 6}
      error={confirming.error ?? resending.error}
      onSubmit={() => {
        resending.clear();
        void confirming.submit({ code }).then((taken) => taken && toasts.show({ text: text("settings.email_in_use") }));
      }}
      others={
        <>
          <Button
            variant="secondary"
            busy={resending.pending}
            onClick={() => {
              confirming.clear();
              void resending
                .submit({ address })
                .then((sent) => sent && toasts.show({ text: text("settings.code_sent_again") }));
            }}
          >
            {text("settings.send_code_again")}
          </Button>
          {others}
        </>
      }
    >
      <p>
        <Text
          id="settings.code_sent"
          values={{
            address: (
              <bdi key="address" dir="ltr" className={styles.strong}>
                {address}
              </bdi>
            ),
          }}
        />
      </p>
      <TextField
        label={text("settings.code")}
        hint={text("settings.code_hint")}
        name="code"
        inputMode="numeric"
        autoComplete="one-time-code"
        pattern="[0-9]{6}"
        dir="ltr"
        required
        value={code}
        onChange={(event) => {
          confirming.clear();
          // A code that is pasted may have spaces in it.
          setCode(event.target.value.replace(/\D/g, "").slice(0, 6));
        }}
      />
    </Form>
  );
}
