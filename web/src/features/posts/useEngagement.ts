import type { Post } from "../../api/client";
import { useAction } from "../../offline/useAction";
import { bookmark, like, removeBookmark, repost, undoRepost, unlike } from "./actions";

interface EngagementActs {
  toggleLike: () => void;
  toggleRepost: () => void;
  toggleBookmark: () => void;
}

/** What the user can do with a post; each takes back what was done. */
export function useEngagement(post: Post): EngagementActs {
  const input = { postId: post.id };
  const liking = useAction(post.viewer?.liked ? unlike : like);
  const reposting = useAction(post.viewer?.reposted ? undoRepost : repost);
  const bookmarking = useAction(post.viewer?.bookmarked ? removeBookmark : bookmark);
  return {
    toggleLike: () => void liking.run(input),
    toggleRepost: () => void reposting.run(input),
    toggleBookmark: () => void bookmarking.run(input),
  };
}
