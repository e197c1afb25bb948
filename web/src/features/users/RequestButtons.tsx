import type { MouseEvent } from "react";

import type { User } from "../../api/client";
import { Button } from "../../design/Button";
import { useToasts } from "../../design/Toast";
import { useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import { acceptRequest, declineRequest } from "./actions";

/** Accepts or declines the follow request of a user. */
export function RequestButtons({ user }: { user: User }) {
  const text = useText();
  const toasts = useToasts();
  const accepting = useAction(acceptRequest);
  const declining = useAction(declineRequest);
  const { handle } = user;
  const input = { userId: user.id };

  const accept = async (event: MouseEvent<HTMLButtonElement>) => {
    moveFocusOn(event.currentTarget);
    if (await accepting.run(input)) toasts.show({ text: text("users.request_accepted", { handle }) });
  };
  const decline = (event: MouseEvent<HTMLButtonElement>) => {
    moveFocusOn(event.currentTarget);
    void declining.run(input);
  };
  return (
    <>
      <Button size="small" aria-label={`${text("users.accept")}: @${handle}`} onClick={(event) => void accept(event)}>
        {text("users.accept")}
      </Button>
      <Button
        size="small"
        variant="secondary"
        aria-label={`${text("users.decline")}: @${handle}`}
        onClick={decline}
      >
        {text("users.decline")}
      </Button>
    </>
  );
}

/** The row goes with its request: the focus moves to the next one, or to the one before. */
function moveFocusOn(button: HTMLElement): void {
  const row = button.closest<HTMLElement>("[data-user-row]");
  if (!row) return;
  const rows = [...document.querySelectorAll<HTMLElement>("[data-user-row]")];
  const at = rows.indexOf(row);
  (rows[at + 1] ?? rows[at - 1])?.focus({ preventScroll: true });
}
