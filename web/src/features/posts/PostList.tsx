import type { ReactNode } from "react";

import type { Matches, Post, TimelineItem } from "../../api/client";
import { type PagedList, itemsOf, usePagedList } from "../../api/pages";
import { FailureState } from "../../design/EmptyState";
import { SpinnerBlock } from "../../design/Spinner";
import { VirtualList } from "../../design/VirtualList";
import { useText } from "../../i18n/messages";
import { focusCard } from "../../keyboard/cards";
import { useShortcuts } from "../../keyboard/shortcuts";
import { PostCard } from "./PostCard";
import { isHidden } from "./hidden";

/** A post that a search found, with the parts that match. */
interface FoundPost {
  id: string;
  post: Post;
  matches: Matches;
}

type Entry = Post | TimelineItem | FoundPost;

const CARD = "[data-post-card]";

interface PostListProps<Item extends Entry> {
  label: string;
  list: PagedList<Item>;
  /** What stands in place of an empty list. */
  empty: ReactNode;
  /** What stands in place of a list that could not be read; undefined for the reason and an offer to repeat. */
  failure?: (error: unknown) => ReactNode;
  /** Whether posts of muted users are in it. A timeline has none. */
  withMuted?: boolean;
}

/** A list of posts, or of timeline items, that is read page by page. */
export function PostList<Item extends Entry>({
  label,
  list,
  empty,
  failure,
  withMuted = true,
}: PostListProps<Item>) {
  const text = useText();
  const pages = usePagedList(list);
  const items = itemsOf(pages.data).filter((item) => !isHidden(item, withMuted));
  useShortcuts([
    { keys: "j", label: "posts.next", run: () => focusCard(CARD, 1) },
    { keys: "k", label: "posts.previous", run: () => focusCard(CARD, -1) },
  ]);

  if (pages.data === undefined) {
    return pages.isError ? (
      (failure?.(pages.error) ?? <FailureState error={pages.error} onRetry={() => void pages.refetch()} />)
    ) : (
      <SpinnerBlock label={text("common.loading")} />
    );
  }
  if (items.length === 0 && !pages.hasNextPage) return empty;
  return (
    <VirtualList
      label={label}
      items={items}
      keyOf={(item) => item.id}
      render={(item, index) =>
        "post" in item ? (
          <PostCard
            post={item.post}
            repostedBy={"reposted_by" in item ? item.reposted_by : null}
            matches={"matches" in item ? item.matches : undefined}
            position={index + 1}
          />
        ) : (
          <PostCard post={item} position={index + 1} />
        )
      }
      onEnd={pages.hasNextPage ? () => void pages.fetchNextPage() : undefined}
      loading={pages.isFetchingNextPage}
      failed={pages.isFetchNextPageError}
      end={text("posts.end")}
    />
  );
}
