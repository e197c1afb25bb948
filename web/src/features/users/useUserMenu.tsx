import { Ban, CircleCheck, Volume2, VolumeX } from "lucide-react";
import { type ReactNode, useState } from "react";

import { cachedUser } from "../../api/cache";
import type { Relationship, User } from "../../api/client";
import { ConfirmDialog } from "../../design/ConfirmDialog";
import type { MenuItem } from "../../design/Menu";
import { useToasts } from "../../design/Toast";
import { type MessageId, useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import { useMyId } from "../sessions/useSession";
import { block, mute, unblock, unmute } from "./actions";

interface UserMenu {
  /** Nothing for strangers, and for the user themself. */
  items: MenuItem[];
  /** Stands beside the menu: it asks before a block. */
  dialog: ReactNode;
}

/** Mutes and blocks a user from a menu, each with an offer to undo it. */
export function useUserMenu(user: User | null): UserMenu {
  const text = useText();
  const toasts = useToasts();
  const myId = useMyId();
  const blocking = useAction(block);
  const unblocking = useAction(unblock);
  const muting = useAction(mute);
  const unmuting = useAction(unmute);
  const [confirming, setConfirming] = useState(false);
  if (!user || myId === undefined || user.id === myId) return { items: [], dialog: null };

  const { handle } = user;
  const input = { userId: user.id };
  const { muting: muted = false, blocking: blocked = false } = user.relationship ?? {};

  /** Runs an act; offers to undo it where it was not refused. */
  const run = async (
    act: (input: { userId: string }) => Promise<unknown>,
    undo: (input: { userId: string }) => Promise<unknown>,
    says: MessageId,
    flag: keyof Relationship,
  ) => {
    await act(input);
    if (cachedUser(({ id }) => id === user.id)?.relationship?.[flag] !== true) return;
    toasts.show({
      text: text(says, { handle }),
      action: { label: text("common.undo"), run: () => void undo(input) },
    });
  };
  const items: MenuItem[] = [
    muted
      ? {
          label: text("users.unmute", { handle }),
          icon: <Volume2 size={18} />,
          onSelect: () => void unmuting.run(input),
        }
      : {
          label: text("users.mute", { handle }),
          icon: <VolumeX size={18} />,
          onSelect: () => void run(muting.run, unmuting.run, "users.muted", "muting"),
        },
    blocked
      ? {
          label: text("users.unblock_handle", { handle }),
          icon: <CircleCheck size={18} />,
          onSelect: () => void unblocking.run(input),
        }
      : {
          label: text("users.block", { handle }),
          icon: <Ban size={18} />,
          tone: "danger",
          onSelect: () => setConfirming(true),
        },
  ];
  const dialog = confirming && (
    <ConfirmDialog
      title={text("users.block_title", { handle })}
      confirm={text("users.block_confirm")}
      onClose={() => setConfirming(false)}
      onConfirm={() => {
        setConfirming(false);
        void run(blocking.run, unblocking.run, "users.blocked", "blocking");
      }}
    >
      <p>{text("users.block_text")}</p>
    </ConfirmDialog>
  );
  return { items, dialog };
}
