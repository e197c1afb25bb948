import type { ReactNode } from "react";

import type { Post, TimelineItem } from "../../api/client";
import { type PagedList, itemsOf, usePagedList } from "../../api/pages";
import { FailureState } from "../../design/EmptyState";
import { SpinnerBlock } from "../../design/Spinner";
import { VirtualList } from "../../design/VirtualList";
import { useText } from "../../i18n/messages";
import { useShortcuts } from "../../keyboard/shortcuts";
import { PostCard } from "./PostCard";

type Entry = Post | TimelineItem;

interface PostListProps<Item extends Entry> {
  label: string;
  list: PagedList<Item>;
  /** What stands in place of an empty list. */
  empty: ReactNode;
  /** Keeps the reader's place under this name. */
  keepPlace?: string | undefined;
}

/** A list of posts, or of timeline items, that is read page by page. */
export function PostList<Item extends Entry>({ label, list, empty, keepPlace }: PostListProps<Item>) {
  const text = useText();
  const pages = usePagedList(list);
  const items = itemsOf(pages.data);
  useShortcuts([
    { keys: "j", label: "posts.next", run: () => focusCard(1) },
    { keys: "k", label: "posts.previous", run: () => focusCard(-1) },
  ]);

  if (pages.data === undefined) {
    return pages.isError ? (
      <FailureState error={pages.error} onRetry={() => void pages.refetch()} />
    ) : (
      <SpinnerBlock label={text("common.loading")} />
    );
  }
  if (items.length === 0 && !pages.hasNextPage) return empty;
  return (
    <VirtualList
      label={label}
      items={items}
      keyOf={keyOf}
      render={(item, index) =>
        "post" in item ? (
          <PostCard post={item.post} repostedBy={item.reposted_by} position={index + 1} />
        ) : (
          <PostCard post={item} position={index + 1} />
        )
      }
      onEnd={pages.hasNextPage ? () => void pages.fetchNextPage() : undefined}
      loading={pages.isFetchingNextPage}
      failed={pages.isFetchNextPageError}
      end={text("posts.end")}
      keep={keepPlace}
    />
  );
}


const keyOf = (item: Entry) => item.id;

/** Moves the focus to the next or the previous card, from the first visible one where there is none. */
function focusCard(by: 1 | -1): void {
  const cards = [...document.querySelectorAll<HTMLElement>("[data-post-card]")];
  const current = document.activeElement?.closest<HTMLElement>("[data-post-card]");
  const at = current ? cards.indexOf(current) + by : cards.findIndex((card) => card.getBoundingClientRect().top >= 0);
  const card = cards[at];
  if (!card) return;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}
