import { useCallback } from "react";

import { hidePost } from "../../api/cache";
import type { Post } from "../../api/client";
import { newIdempotencyKey } from "../../api/idempotency";
import { useToasts } from "../../design/Toast";
import { useText } from "../../i18n/messages";
import { useProblemText } from "../../i18n/problems";
import { deletePost } from "./actions";

/** How long a deletion can be undone. A server does not bring a post back. */
export const UNDO_MS = 8000;

// Deletions that are not sent yet: each sends itself.
const waiting = new Set<() => void>();

function sendAll(): void {
  for (const send of [...waiting]) send();
}

// A page that is hidden may not come back.
addEventListener("pagehide", sendAll);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") sendAll();
});

/** Deletes a post of the user: out of sight at once, sent when it cannot be undone any more. */
export function useDeletion(): (post: Post) => void {
  const text = useText();
  const problemText = useProblemText();
  const toasts = useToasts();
  return useCallback(
    (post) => {
      const key = newIdempotencyKey();
      const hidden = hidePost(post.id);
      const attempt = (): void => {
        deletePost.run({ postId: post.id }, { key }).then(hidden.end, (failure: unknown) => {
          hidden.restore();
          toasts.show({
            tone: "failure",
            text: `${text("posts.delete_failed")} ${problemText(failure)}`,
            action: { label: text("common.try_again"), run: attempt },
          });
        });
      };
      const send = () => {
        end();
        attempt();
      };
      const end = () => {
        clearTimeout(timer);
        waiting.delete(send);
        dismiss();
      };
      const timer = setTimeout(send, UNDO_MS);
      waiting.add(send);
      const dismiss = toasts.show({
        text: text("posts.deleted"),
        action: {
          label: text("common.undo"),
          run: () => {
            end();
            hidden.restore();
          },
        },
      });
    },
    [text, problemText, toasts],
  );
}
