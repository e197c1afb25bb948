import type { Post, TimelineItem, User } from "../../api/client";

/**
 * Whether a list leaves an entry out: the caller blocks its author or who reposted it.
 *
 * Timelines also leave out what a muted user wrote or reposted. The server does the same; this
 * shows a block or a mute at once, and shows the entry again where it is undone or refused.
 */
export function isHidden(
  entry: Post | { post: Post; reposted_by?: TimelineItem["reposted_by"] },
  withMuted: boolean,
): boolean {
  const people = "post" in entry ? [entry.post.author, entry.reposted_by] : [entry.author];
  return people.some((user) => isBlocked(user) || (!withMuted && user?.relationship?.muting === true));
}

/** Whether the caller blocks a user. */
export function isBlocked(user: User | null | undefined): boolean {
  return user?.relationship?.blocking === true;
}
