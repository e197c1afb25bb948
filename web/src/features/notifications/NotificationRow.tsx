import { Link, useNavigate } from "@tanstack/react-router";
import { memo } from "react";

import { Avatar } from "../../design/Avatar";
import { Text, useText } from "../../i18n/messages";
import { RelativeTime, useShortNumber } from "../../i18n/times";
import { PostCard } from "../posts/PostCard";
import { isOfItself } from "../posts/clicks";
import { FollowButton } from "../users/FollowButton";
import styles from "./NotificationRow.module.css";
import { KIND_ICONS } from "./icons";
import { plainText } from "./plainText";
import type { Notification, NotificationKind } from "./queries";

/** These kinds are about a post of somebody else, which is shown as such. */
const WITH_CARD: ReadonlySet<NotificationKind> = new Set(["mention", "reply", "quote", "post"]);

interface NotificationRowProps {
  notification: Notification;
  unread: boolean;
  /** Its place in the list, from 1. */
  position: number;
}

/** One notification: a post of somebody, or who did something to a post or followed. */
export const NotificationRow = memo(function NotificationRow({ notification, unread, position }: NotificationRowProps) {
  const Icon = KIND_ICONS[notification.kind];
  const text = useText();
  const causeId = `cause-${notification.id}`;
  const mark = unread && <span className="visually-hidden">{text("notifications.unread")}</span>;
  if (WITH_CARD.has(notification.kind) && notification.post) {
    return (
      <article
        className={styles.withCard}
        data-unread={unread}
        aria-labelledby={causeId}
        aria-posinset={position}
        aria-setsize={-1}
      >
        <p id={causeId} className={styles.cause} data-kind={notification.kind}>
          <Icon size={18} />
          <span>
            {mark} <Sentence notification={notification} />
          </span>
        </p>
        <PostCard post={notification.post} inThread={notification.kind === "reply"} />
      </article>
    );
  }
  return <GroupRow notification={notification} unread={unread} position={position} />;
});

function GroupRow({ notification, unread, position }: NotificationRowProps) {
  const text = useText();
  const number = useShortNumber();
  const navigate = useNavigate();
  const { id, kind, people, post, count } = notification;
  const Icon = KIND_ICONS[kind];
  const [first] = people;
  const sentenceId = `notification-${id}`;

  const open = () => {
    if (post) void navigate({ to: "/posts/$postId", params: { postId: post.id } });
    else if (count === 1 && first) void navigate({ to: "/@{$handle}", params: { handle: first.handle } });
  };

  return (
    // A click anywhere opens what it is about; with the keyboard Enter does.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <article
      className={styles.row}
      data-post-card
      data-unread={unread}
      data-kind={kind}
      // A feed moves from article to article.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      aria-labelledby={sentenceId}
      aria-posinset={position}
      aria-setsize={-1}
      onClick={(event) => {
        if (!isOfItself(event)) open();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && event.target === event.currentTarget) open();
      }}
    >
      <Icon size={26} className={styles.icon} />
      <div className={styles.body}>
        <div className={styles.top}>
          <ul className={styles.people} aria-label={text("notifications.people")}>
            {people.map((person) => (
              <li key={person.id}>
                <Link
                  to="/@{$handle}"
                  params={{ handle: person.handle }}
                  aria-label={`@${person.handle}`}
                  title={`${person.display_name} @${person.handle}`}
                >
                  <Avatar user={person} size={34} />
                </Link>
              </li>
            ))}
            {count > people.length && (
              <li className={styles.more} aria-hidden>
                +{number(count - people.length)}
              </li>
            )}
          </ul>
          {kind === "follow" && count === 1 && first && <FollowButton user={first} size="small" />}
        </div>
        <p id={sentenceId} className={styles.sentence}>
          {unread && <span className="visually-hidden">{text("notifications.unread")} </span>}
          <Sentence notification={notification} />
          <span className={styles.time}>
            <RelativeTime value={notification.last_at} />
          </span>
        </p>
        {post && !post.deleted && (
          <p className={styles.preview} dir="auto">
            {plainText(post) || text("notifications.media_only", { count: post.media.length })}
          </p>
        )}
      </div>
    </article>
  );
}

/** “Ada and 3 others like your post”. */
function Sentence({ notification: { kind, people, count } }: { notification: Notification }) {
  const text = useText();
  const [first] = people;
  const name = first ? (
    <Link key="name" to="/@{$handle}" params={{ handle: first.handle }} className={styles.name}>
      <bdi>{first.display_name}</bdi>
    </Link>
  ) : (
    text("notifications.somebody")
  );
  return <Text id={`notifications.title_${kind}`} values={{ name, others: count - 1 }} />;
}
