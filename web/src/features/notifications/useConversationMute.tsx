import { useQuery } from "@tanstack/react-query";
import { Bell, BellOff } from "lucide-react";
import { useState } from "react";

import type { Post } from "../../api/client";
import type { MenuItem } from "../../design/Menu";
import { useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import { useMyId } from "../sessions/useSession";
import { muteConversation, unmuteConversation } from "./actions";
import { preferencesQuery } from "./queries";

interface UsedConversationMute {
  /** For the menu of a post; none for a stranger. */
  items: MenuItem[];
  /** To be called when the menu opens: it reads whether the conversation is muted. */
  look: () => void;
}

/** Ends and begins the notifications of the conversation that a post is in. */
export function useConversationMute(post: Post): UsedConversationMute {
  const text = useText();
  const signedIn = useMyId() !== undefined;
  const [wanted, setWanted] = useState(false);
  const { data: preferences } = useQuery({ ...preferencesQuery, enabled: signedIn && wanted });
  const muting = useAction(muteConversation);
  const ending = useAction(unmuteConversation);
  const muted = preferences?.muted_conversation_ids.includes(post.conversation_id) ?? false;
  const input = { postId: post.id, conversationId: post.conversation_id };

  const items: MenuItem[] = signedIn
    ? [
        {
          label: text(muted ? "notifications.unmute_conversation" : "notifications.mute_conversation"),
          icon: muted ? <Bell size={18} /> : <BellOff size={18} />,
          onSelect: () => void (muted ? ending : muting).run(input),
        },
      ]
    : [];
  return { items, look: () => setWanted(true) };
}
