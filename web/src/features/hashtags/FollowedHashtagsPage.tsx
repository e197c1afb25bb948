import { Link } from "@tanstack/react-router";
import { Hash } from "lucide-react";

import { itemsOf, usePagedList } from "../../api/pages";
import { buttonClass } from "../../design/Button";
import { EmptyState, FailureState } from "../../design/EmptyState";
import { SpinnerBlock } from "../../design/Spinner";
import { VirtualList } from "../../design/VirtualList";
import { useText } from "../../i18n/messages";
import { useMyId } from "../sessions/useSession";
import { PageHeader } from "../shell/PageHeader";
import { FollowHashtagButton } from "./FollowHashtagButton";
import { HashtagRow } from "./HashtagRow";
import { followedHashtagsList } from "./queries";

const ROW_HEIGHT = 65;

export function FollowedHashtagsPage() {
  const text = useText();
  const signedIn = useMyId() !== undefined;
  return (
    <>
      <PageHeader title={text("hashtags.followed")} back />
      {signedIn ? (
        <FollowedHashtags />
      ) : (
        <EmptyState icon={<Hash size={32} />} title={text("hashtags.followed_stranger")}>
          <Link to="/sign-in" search={{ to: "/followed-hashtags" }} className={buttonClass({})}>
            {text("sessions.sign_in")}
          </Link>
        </EmptyState>
      )}
    </>
  );
}

function FollowedHashtags() {
  const text = useText();
  const pages = usePagedList(followedHashtagsList());
  const items = itemsOf(pages.data);
  if (pages.data === undefined) {
    return pages.isError ? (
      <FailureState error={pages.error} onRetry={() => void pages.refetch()} />
    ) : (
      <SpinnerBlock label={text("common.loading")} />
    );
  }
  if (items.length === 0) {
    return (
      <EmptyState icon={<Hash size={32} />} title={text("hashtags.followed_empty_title")}>
        <p>{text("hashtags.followed_empty_text")}</p>
        <Link to="/explore" className={buttonClass({ variant: "secondary" })}>
          {text("search.explore")}
        </Link>
      </EmptyState>
    );
  }
  return (
    <VirtualList
      label={text("hashtags.followed")}
      items={items}
      keyOf={(item) => item.tag}
      render={(item, index) => (
        <HashtagRow
          tag={item.tag}
          position={index + 1}
          actions={<FollowHashtagButton tag={item.tag} following={item.following} />}
        />
      )}
      estimate={ROW_HEIGHT}
      onEnd={pages.hasNextPage ? () => void pages.fetchNextPage() : undefined}
      loading={pages.isFetchingNextPage}
      failed={pages.isFetchNextPageError}
    />
  );
}
