import { useState } from "react";

import { patchPost, removePost } from "../../api/cache";
import { useTopic } from "../../stream";
import { useMyId } from "../sessions/useSession";

/**
 * Keeps the counts of a post as they are now.
 *
 * Returns how many replies arrived since `reset`; they are read when the user wants to see them.
 */
export function useLivePost(postId: string): { arrived: number; reset: () => void } {
  const [arrived, setArrived] = useState(0);
  const myId = useMyId();
  useTopic(`post:${postId}`, (frame) => {
    if (frame.type !== "activity") return;
    const { post, replies } = frame;
    if (!post || post.deleted) return removePost(postId);
    patchPost(postId, (known) => ({ ...known, counts: post.counts }));
    // The user's own replies are shown already.
    const others = replies.filter((reply) => reply.author?.id !== myId);
    setArrived((count) => count + others.length);
  });
  return { arrived, reset: () => setArrived(0) };
}
