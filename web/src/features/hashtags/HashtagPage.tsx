import { useParams } from "@tanstack/react-router";

import { EmptyState } from "../../design/EmptyState";
import { useText } from "../../i18n/messages";
import { PostList } from "../posts/PostList";
import { PageHeader } from "../shell/PageHeader";
import { hashtagPostsList } from "./queries";

export function HashtagPage() {
  const text = useText();
  const { tag } = useParams({ from: "/shell/tags/$tag" });
  return (
    <>
      <PageHeader title={`#${tag}`} back />
      <PostList
        key={tag}
        label={`#${tag}`}
        list={hashtagPostsList(tag)}
        withMuted={false}
        empty={<EmptyState title={text("hashtags.empty")} />}
      />
    </>
  );
}
