import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api, unwrap } from "../../api/client";
import { TextField } from "../../design/TextField";
import { useText } from "../../i18n/messages";
import { MAX_HANDLE, cleanHandle, isHandle } from "./credentials";
import styles from "./HandleField.module.css";

/** The typing must pause this long before the server is asked. */
const PAUSE_MS = 400;

interface HandleFieldProps {
  /** What the server said about the handle that was sent. */
  error: string | undefined;
  onChange: () => void;
}

/** The handle of a new account: says while one types whether it can be had. */
export function HandleField({ error, onChange }: HandleFieldProps) {
  const text = useText();
  const [typed, setTyped] = useState("");
  const handle = cleanHandle(typed);
  const paused = usePaused(handle);
  const valid = isHandle(handle);
  const { data: taken } = useQuery({
    queryKey: ["handles", paused.toLowerCase()],
    queryFn: async ({ signal }) => {
      const page = await unwrap(api.GET("/v2/users", { params: { query: { handle: paused } }, signal }));
      return page.items.length > 0;
    },
    enabled: isHandle(paused),
    // Without an answer, the form says it when it is sent.
    retry: false,
  });
  const known = valid && paused === handle ? taken : undefined;
  const wrong =
    handle === "" || valid
      ? undefined
      : handle.length > MAX_HANDLE && isHandle(handle.slice(0, MAX_HANDLE))
        ? text("sessions.handle_long", { count: handle.length - MAX_HANDLE })
        : text("sessions.handle_characters");

  return (
    <TextField
      label={text("sessions.handle")}
      hint={text("sessions.handle_hint")}
      error={error ?? wrong ?? (known ? text("sessions.handle_taken", { handle }) : undefined)}
      aside={
        <span role="status" className={styles.free}>
          {known === false && !error && text("sessions.handle_free")}
        </span>
      }
      name="handle"
      autoComplete="username"
      autoCapitalize="none"
      autoCorrect="off"
      spellCheck={false}
      pattern="\s*@?[A-Za-z0-9_]{1,15}\s*"
      title={text("sessions.handle_hint")}
      dir="ltr"
      required
      onChange={(event) => {
        onChange();
        setTyped(event.target.value);
      }}
    />
  );
}

/** The value, once it has not changed for a moment. */
function usePaused(value: string): string {
  const [paused, setPaused] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return paused;
}
