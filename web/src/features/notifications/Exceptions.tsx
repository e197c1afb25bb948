import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { type Post, type User, api, unwrap } from "../../api/client";
import { Avatar } from "../../design/Avatar";
import { Button } from "../../design/Button";
import { useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import { UserName } from "../users/UserName";
import styles from "./PreferencesPage.module.css";
import { unmuteConversation, unwatch } from "./actions";
import { plainText } from "./plainText";

/** So many are shown until the reader wants more; each is read for itself. */
const SHOWN = 20;

/** The users whose posts notify. */
export function WatchedUsers({ ids }: { ids: readonly string[] }) {
  const text = useText();
  const [shown, setShown] = useState(SHOWN);
  if (ids.length === 0) return <p className={styles.hint}>{text("notifications.watched_empty")}</p>;
  return (
    <ul className={styles.rows}>
      {ids.slice(0, shown).map((id) => (
        <WatchedUser key={id} id={id} />
      ))}
      {ids.length > shown && <More onClick={() => setShown(shown + SHOWN)} />}
    </ul>
  );
}

function WatchedUser({ id }: { id: string }) {
  const text = useText();
  const ending = useAction(unwatch);
  const { data: user } = useQuery({
    queryKey: ["users", id, "profile"],
    queryFn: ({ signal }): Promise<User> =>
      unwrap(api.GET("/v2/users/{user_id}", { params: { path: { user_id: id } }, signal })),
  });
  return (
    <li className={styles.row}>
      {user ? (
        <Link to="/@{$handle}" params={{ handle: user.handle }}>
          <Avatar user={user} size={36} />
          <UserName user={user} stacked />
        </Link>
      ) : (
        <span className={styles.hint}>…</span>
      )}
      <Button
        variant="secondary"
        size="small"
        aria-label={user ? `${text("notifications.unwatch")}: @${user.handle}` : undefined}
        onClick={() => void ending.run({ userId: id })}
      >
        {text("notifications.unwatch")}
      </Button>
    </li>
  );
}

/** The conversations that do not notify. */
export function MutedConversations({ ids }: { ids: readonly string[] }) {
  const text = useText();
  const [shown, setShown] = useState(SHOWN);
  const visible = ids.slice(0, shown);
  const { data: posts } = useQuery({
    queryKey: ["notifications", "muted-conversations", visible.join()],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/v2/posts", { params: { query: { ids: visible.slice(0, 100).join() } }, signal })),
    enabled: visible.length > 0,
  });
  if (ids.length === 0) return <p className={styles.hint}>{text("notifications.muted_empty")}</p>;
  return (
    <ul className={styles.rows}>
      {visible.map((id) => (
        <MutedConversation key={id} id={id} post={posts?.items.find((post) => post.id === id)} />
      ))}
      {ids.length > shown && <More onClick={() => setShown(shown + SHOWN)} />}
    </ul>
  );
}

function MutedConversation({ id, post }: { id: string; post: Post | undefined }) {
  const text = useText();
  const ending = useAction(unmuteConversation);
  const excerpt = post && !post.deleted ? plainText(post) : "";
  return (
    <li className={styles.row}>
      <Link to="/posts/$postId" params={{ postId: id }}>
        <span className={styles.excerpt} dir="auto">
          {post?.author && <bdi>{post.author.display_name}: </bdi>}
          {excerpt || text("notifications.conversation")}
        </span>
      </Link>
      <Button
        variant="secondary"
        size="small"
        aria-label={excerpt ? `${text("notifications.unmute")}: ${excerpt}` : undefined}
        onClick={() => void ending.run({ postId: id, conversationId: id })}
      >
        {text("notifications.unmute")}
      </Button>
    </li>
  );
}

function More({ onClick }: { onClick: () => void }) {
  const text = useText();
  return (
    <li>
      <Button variant="quiet" size="small" onClick={onClick}>
        {text("notifications.more")}
      </Button>
    </li>
  );
}
