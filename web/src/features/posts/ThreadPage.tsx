import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { CircleUserRound } from "lucide-react";
import { useLayoutEffect, useRef } from "react";

import { cachedPost, queryClient } from "../../api/cache";
import type { Post } from "../../api/client";
import { itemsOf, usePagedList } from "../../api/pages";
import { Avatar } from "../../design/Avatar";
import { FailureState } from "../../design/EmptyState";
import { SpinnerBlock } from "../../design/Spinner";
import { VirtualList } from "../../design/VirtualList";
import { useText } from "../../i18n/messages";
import { useComposer } from "../compose/ComposerProvider";
import { useSignInPrompt } from "../sessions/SignInPrompt";
import { useMe, useMyId } from "../sessions/useSession";
import { PageHeader } from "../shell/PageHeader";
import { FocusedPost } from "./FocusedPost";
import { PostCard } from "./PostCard";
import styles from "./ThreadPage.module.css";
import { isBlocked, isHidden } from "./hidden";
import { repliesList, threadQuery } from "./queries";
import { useLivePost } from "./useLivePost";

export function ThreadPage() {
  const { postId } = useParams({ from: "/shell/posts/$postId" });
  // Each post is a page of its own, with a place of its own.
  return <Thread key={postId} postId={postId} />;
}

function Thread({ postId }: { postId: string }) {
  const text = useText();
  const thread = useQuery(threadQuery(postId));
  const replies = usePagedList(repliesList(postId));
  // What a list had of the post is shown at once.
  const post = thread.data?.post ?? cachedPost(postId);
  const ancestors = thread.data?.ancestors ?? [];
  const live = useLivePost(postId);
  const focused = useRef<HTMLDivElement>(null);
  const visited = useVisited(postId);

  // Ancestors come later and stand above: the post stays where it is.
  useLayoutEffect(() => {
    if (ancestors.length > 0 && !visited) focused.current?.scrollIntoView({ block: "start" });
  }, [ancestors.length, visited]);

  const showArrived = () => {
    live.reset();
    void queryClient.invalidateQueries({ queryKey: ["posts", postId, "replies"] });
  };

  return (
    <>
      <PageHeader title={text("posts.thread")} back />
      {post ? (
        <>
          {ancestors.map((ancestor, index) => (
            <PostCard key={ancestor.id} post={ancestor} lineAbove={index > 0} lineBelow inThread />
          ))}
          <div className={styles.room}>
            <div ref={focused} data-post-card={undefined} style={{ scrollMarginBlockStart: "3.25rem" }}>
              <FocusedPost post={post} lineAbove={ancestors.length > 0} />
            </div>
            <ReplyPrompt post={post} />
            {live.arrived > 0 && (
              <button type="button" className={styles.arrived} onClick={showArrived}>
                {text("posts.new_replies", { count: live.arrived })}
              </button>
            )}
            {replies.data ? (
              <VirtualList
                label={text("posts.replies")}
                items={itemsOf(replies.data).filter((reply) => !isHidden(reply, true))}
                keyOf={(reply) => reply.id}
                render={(reply, index) => <PostCard post={reply} inThread position={index + 1} />}
                onEnd={replies.hasNextPage ? () => void replies.fetchNextPage() : undefined}
                loading={replies.isFetchingNextPage}
                failed={replies.isFetchNextPageError}
              />
            ) : replies.isError ? (
              <FailureState error={replies.error} onRetry={() => void replies.refetch()} />
            ) : (
              <SpinnerBlock label={text("common.loading")} />
            )}
          </div>
        </>
      ) : thread.isError ? (
        <FailureState error={thread.error} onRetry={() => void thread.refetch()} />
      ) : (
        <SpinnerBlock label={text("common.loading")} />
      )}
    </>
  );
}

function ReplyPrompt({ post }: { post: Post }) {
  const text = useText();
  const signedIn = useMyId() !== undefined;
  const me = useMe();
  const compose = useComposer();
  const prompt = useSignInPrompt();
  if ((signedIn && !me) || !post.author || isBlocked(post.author)) return null;
  const target = { replyTo: post };
  const reply = () =>
    signedIn
      ? compose.open(target)
      : prompt({ title: "sessions.prompt_reply", intent: { kind: "compose", target } });
  return (
    <button type="button" className={styles.reply} onClick={reply}>
      {me ? <Avatar user={me} size={36} /> : <CircleUserRound size={36} strokeWidth={1.25} />}
      {text("posts.write_reply")}
    </button>
  );
}

// The entries of the history in which a thread was shown: coming back keeps the place.
const visitedEntries = new Set<string>();

function useVisited(postId: string): boolean {
  const entry = `${postId} ${(history.state as { __TSR_key?: string } | null)?.__TSR_key ?? ""}`;
  const before = useRef(visitedEntries.has(entry));
  useLayoutEffect(() => () => void visitedEntries.add(entry), [entry]);
  return before.current;
}
