import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";

import { EmptyState } from "../../design/EmptyState";
import { Tabs, tabClass } from "../../design/Tabs";
import { useText } from "../../i18n/messages";
import { PostList } from "../posts/PostList";
import { PageHeader } from "../shell/PageHeader";
import { NewerPill } from "../timelines/NewerPill";
import { useNewer } from "../timelines/useNewer";
import { FollowHashtagButton } from "./FollowHashtagButton";
import styles from "./HashtagPage.module.css";
import { hashtagPostsList, hashtagQuery } from "./queries";

/** A hashtag has no stream. */
const LOOK_EVERY_MS = 60_000;

export function HashtagPage() {
  const text = useText();
  const { tag = "" } = useParams({ strict: false });
  const { media = false } = useSearch({ strict: false });
  const { data: use } = useQuery(hashtagQuery(tag));
  return (
    <div className={styles.page}>
      <PageHeader
        title={`#${tag}`}
        subtitle={use && text("hashtags.use", { posts: use.posts_count, people: use.authors_count })}
        back
        actions={use && <FollowHashtagButton tag={use.tag} following={use.following ?? false} />}
      >
        <Tabs label={text("hashtags.tabs")}>
          <Link
            to="/tags/$tag"
            params={{ tag }}
            search={{}}
            activeOptions={{ exact: true, includeSearch: true }}
            className={tabClass}
            replace
          >
            {text("hashtags.tab_posts")}
          </Link>
          <Link to="/tags/$tag" params={{ tag }} search={{ media: true }} className={tabClass} replace>
            {text("hashtags.tab_media")}
          </Link>
        </Tabs>
      </PageHeader>
      <Posts key={`${tag} ${media}`} tag={tag} media={media} />
    </div>
  );
}

function Posts({ tag, media }: { tag: string; media: boolean }) {
  const text = useText();
  const list = hashtagPostsList(tag, media);
  return (
    <>
      <NewerPill newer={useNewer(list, { everyMs: LOOK_EVERY_MS, whileEmpty: false })} />
      <PostList
        label={`#${tag}`}
        list={list}
        withMuted={false}
        empty={<EmptyState title={text(media ? "hashtags.media_empty" : "hashtags.empty")} />}
      />
    </>
  );
}
