import { Bookmark } from "lucide-react";

import { EmptyState } from "../../design/EmptyState";
import { useText } from "../../i18n/messages";
import { PostList } from "../posts/PostList";
import { PageHeader } from "../shell/PageHeader";
import { bookmarksList } from "./queries";

/** The posts that the user keeps. Nobody else sees them. */
export function BookmarksPage() {
  const text = useText();
  return (
    <>
      <PageHeader title={text("bookmarks.title")} subtitle={text("bookmarks.private")} />
      <PostList
        label={text("bookmarks.title")}
        list={bookmarksList()}
        empty={
          <EmptyState icon={<Bookmark size={32} />} title={text("bookmarks.empty_title")}>
            <p>{text("bookmarks.empty_text")}</p>
          </EmptyState>
        }
      />
    </>
  );
}
