import { Ban, VolumeX } from "lucide-react";

import type { User } from "../../api/client";
import { Button } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import { SettingsHeader } from "../settings/SettingsPage";
import { UserList } from "./UserList";
import { block, mute, unblock, unmute } from "./actions";
import { blocksList, mutesList } from "./queries";

/** The accounts that the user blocks. An account that is unblocked stays until the list is read again. */
export function BlocksPage() {
  const text = useText();
  const title = text("users.blocks");
  return (
    <>
      <SettingsHeader title={title} />
      <UserList
        label={title}
        list={blocksList()}
        actions={(user) => <BlockToggle user={user} />}
        empty={
          <EmptyState icon={<Ban size={32} />} title={text("users.blocks_empty")}>
            <p>{text("users.blocks_empty_text")}</p>
          </EmptyState>
        }
      />
    </>
  );
}

/** The accounts that the user mutes. */
export function MutesPage() {
  const text = useText();
  const title = text("users.mutes");
  return (
    <>
      <SettingsHeader title={title} />
      <UserList
        label={title}
        list={mutesList()}
        actions={(user) => <MuteToggle user={user} />}
        empty={
          <EmptyState icon={<VolumeX size={32} />} title={text("users.mutes_empty")}>
            <p>{text("users.mutes_empty_text")}</p>
          </EmptyState>
        }
      />
    </>
  );
}

function BlockToggle({ user }: { user: User }) {
  const text = useText();
  const blocked = user.relationship?.blocking === true;
  const toggling = useAction(blocked ? unblock : block);
  const label = text(blocked ? "users.unblock" : "users.block_confirm");
  return (
    <Button
      size="small"
      variant={blocked ? "secondary" : "danger"}
      aria-label={`${label}: @${user.handle}`}
      onClick={() => void toggling.run({ userId: user.id })}
    >
      {label}
    </Button>
  );
}

function MuteToggle({ user }: { user: User }) {
  const text = useText();
  const muted = user.relationship?.muting === true;
  const toggling = useAction(muted ? unmute : mute);
  const label = text(muted ? "users.unmute_short" : "users.mute_short");
  return (
    <Button
      size="small"
      variant={muted ? "secondary" : "primary"}
      aria-label={`${label}: @${user.handle}`}
      onClick={() => void toggling.run({ userId: user.id })}
    >
      {label}
    </Button>
  );
}
