import { EmptyState } from "../../design/EmptyState";
import { useText } from "../../i18n/messages";
import { PostList } from "../posts/PostList";
import { PageHeader } from "../shell/PageHeader";
import { NewerPill } from "./NewerPill";
import { publicList } from "./queries";
import { useNewer } from "./useNewer";

/** The public timeline has no stream. */
const LOOK_EVERY_MS = 60_000;

export function PublicPage() {
  const text = useText();
  return (
    <>
      <PageHeader title={text("timelines.public")} />
      <PublicTimeline />
    </>
  );
}

/** What all write, newest first. */
export function PublicTimeline() {
  const text = useText();
  const list = publicList();
  return (
    <>
      <NewerPill newer={useNewer(list, { everyMs: LOOK_EVERY_MS })} />
      <PostList
        label={text("timelines.public")}
        list={list}
        withMuted={false}
        empty={<EmptyState title={text("timelines.public_empty")} />}
      />
    </>
  );
}
