import { Link, useLocation, useParams } from "@tanstack/react-router";

import { EmptyState } from "../../design/EmptyState";
import { Tabs, tabClass } from "../../design/Tabs";
import { useText } from "../../i18n/messages";
import { PageHeader } from "../shell/PageHeader";
import { UserList } from "../users/UserList";
import { PostList } from "./PostList";
import { likersList, quotesList, repostersList } from "./queries";

const KINDS = ["likes", "reposts", "quotes"] as const;
type Kind = (typeof KINDS)[number];

/** Who likes a post, who reposted it, and the posts that quote it. */
export function EngagementPage() {
  const text = useText();
  const { postId = "" } = useParams({ strict: false });
  const kind = useLocation({
    select: ({ pathname }): Kind => KINDS.find((each) => pathname.endsWith(`/${each}`)) ?? "likes",
  });
  const empty = <EmptyState title={text(`posts.${kind}_empty`)} />;

  return (
    <>
      <PageHeader title={text("posts.engagement")} back>
        <Tabs label={text("posts.engagement")}>
          {KINDS.map((each) => (
            <Link key={each} to={`/posts/$postId/${each}`} params={{ postId }} className={tabClass} replace>
              {text(`posts.tab_${each}`)}
            </Link>
          ))}
        </Tabs>
      </PageHeader>
      {kind === "quotes" ? (
        <PostList key={kind} label={text("posts.tab_quotes")} list={quotesList(postId)} empty={empty} />
      ) : (
        <UserList
          key={kind}
          label={text(`posts.tab_${kind}`)}
          list={kind === "likes" ? likersList(postId) : repostersList(postId)}
          empty={empty}
        />
      )}
    </>
  );
}
