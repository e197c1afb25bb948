import { Link, useSearch } from "@tanstack/react-router";
import { CircleQuestionMark, SearchX } from "lucide-react";
import { useState } from "react";

import { itemsOf, usePagedList } from "../../api/pages";
import { Problem } from "../../api/problem";
import { Button, IconButton, buttonClass } from "../../design/Button";
import { EmptyState, FailureState } from "../../design/EmptyState";
import { SpinnerBlock } from "../../design/Spinner";
import { Tabs, tabClass } from "../../design/Tabs";
import { VirtualList } from "../../design/VirtualList";
import { useText } from "../../i18n/messages";
import { focusCard } from "../../keyboard/cards";
import { useShortcuts } from "../../keyboard/shortcuts";
import { HashtagRow } from "../hashtags/HashtagRow";
import { PostList } from "../posts/PostList";
import { PageHeader } from "../shell/PageHeader";
import { NewerPill } from "../timelines/NewerPill";
import { useNewer } from "../timelines/useNewer";
import { UserList } from "../users/UserList";
import { OperatorHelp } from "./OperatorHelp";
import { QueryFault } from "./QueryFault";
import { RecentSearches } from "./RecentSearches";
import { SearchField } from "./SearchField";
import styles from "./SearchPage.module.css";
import { type FoundOrder, foundHashtagsList, foundPostsList, foundUsersList } from "./queries";
import type { SearchTab } from "./routes";

/** A search has no stream. */
const LOOK_EVERY_MS = 60_000;
const HASHTAG_ROW_HEIGHT = 65;
const HASHTAG_ROW = "[data-hashtag-row]";

export function SearchPage() {
  const text = useText();
  const { q, tab } = useSearch({ strict: false });
  const [help, setHelp] = useState(false);
  return (
    <div className={styles.page}>
      <PageHeader
        title={q ? text("search.title", { query: q }) : text("search.search")}
        back
        lead={<SearchField key={q} query={q ?? ""} tab={tab} />}
        actions={
          <IconButton label={text("search.operators")} onClick={() => setHelp(true)}>
            <CircleQuestionMark size={20} />
          </IconButton>
        }
      >
        {q && <ResultTabs q={q} />}
      </PageHeader>
      {q ? <Results key={`${tab} ${q}`} q={q} tab={tab} /> : <NoQuery />}
      {help && <OperatorHelp onClose={() => setHelp(false)} />}
    </div>
  );
}

function ResultTabs({ q }: { q: string }) {
  const text = useText();
  return (
    <Tabs label={text("search.results")}>
      <Link
        to="/search"
        search={{ q }}
        activeOptions={{ exact: true, includeSearch: true }}
        className={tabClass}
        replace
      >
        {text("search.tab_top")}
      </Link>
      {(["latest", "people", "hashtags"] as const).map((each) => (
        <Link key={each} to="/search" search={{ q, tab: each }} className={tabClass} replace>
          {text(`search.tab_${each}`)}
        </Link>
      ))}
    </Tabs>
  );
}

function NoQuery() {
  const text = useText();
  return (
    <>
      <RecentSearches />
      <EmptyState title={text("search.start_title")}>
        <p>{text("search.start_text")}</p>
      </EmptyState>
    </>
  );
}

function Results({ q, tab }: { q: string; tab: SearchTab | undefined }) {
  const text = useText();
  switch (tab) {
    case "people":
      return (
        <UserList
          label={text("search.tab_people")}
          list={foundUsersList(q)}
          empty={<NothingFound title={text("search.people_empty")} text={text("search.people_empty_text")} />}
        />
      );
    case "hashtags":
      return <FoundHashtags q={q} />;
    default:
      return <FoundPosts q={q} order={tab ?? "top"} />;
  }
}

function FoundPosts({ q, order }: { q: string; order: FoundOrder }) {
  const text = useText();
  return (
    <>
      {order === "latest" && <Arrivals q={q} />}
      <PostList
        label={text(`search.tab_${order}`)}
        list={foundPostsList(q, order)}
        empty={<NothingFound title={text("search.posts_empty")} text={text("search.posts_empty_text")} />}
        failure={(error) => (error instanceof Problem ? refusalOf(q, error) : undefined)}
      />
    </>
  );
}

function Arrivals({ q }: { q: string }) {
  return <NewerPill newer={useNewer(foundPostsList(q, "latest"), { everyMs: LOOK_EVERY_MS, whileEmpty: false })} />;
}

/** What stands in place of results where the query is refused. */
function refusalOf(q: string, problem: Problem) {
  switch (problem.reason) {
    case "QUERY_INVALID":
      return <QueryFault query={q} problem={problem} />;
    case "TOKEN_MISSING":
      return <SignInFirst q={q} />;
    default:
      return undefined;
  }
}

/** `in:` and `me` are of the user who is signed in. */
function SignInFirst({ q }: { q: string }) {
  const text = useText();
  return (
    <EmptyState title={text("search.sign_in_title")}>
      <p>{text("search.sign_in_text")}</p>
      <Link to="/sign-in" search={{ to: `/search?q=${encodeURIComponent(q)}` }} className={buttonClass({})}>
        {text("sessions.sign_in")}
      </Link>
    </EmptyState>
  );
}

function FoundHashtags({ q }: { q: string }) {
  const text = useText();
  const pages = usePagedList(foundHashtagsList(q));
  const items = itemsOf(pages.data);
  useShortcuts([
    { keys: "j", label: "search.next_hashtag", run: () => focusCard(HASHTAG_ROW, 1) },
    { keys: "k", label: "search.previous_hashtag", run: () => focusCard(HASHTAG_ROW, -1) },
  ]);
  if (pages.data === undefined) {
    return pages.isError ? (
      <FailureState error={pages.error} onRetry={() => void pages.refetch()} />
    ) : (
      <SpinnerBlock label={text("common.loading")} />
    );
  }
  if (items.length === 0 && !pages.hasNextPage) {
    return <NothingFound title={text("search.hashtags_empty")} text={text("search.hashtags_empty_text")} />;
  }
  return (
    <VirtualList
      label={text("search.tab_hashtags")}
      items={items}
      keyOf={(item) => item.tag}
      render={(item, index) => <HashtagRow tag={item.tag} use={item} position={index + 1} />}
      estimate={HASHTAG_ROW_HEIGHT}
      onEnd={pages.hasNextPage ? () => void pages.fetchNextPage() : undefined}
      loading={pages.isFetchingNextPage}
      failed={pages.isFetchNextPageError}
    />
  );
}

function NothingFound({ title, text: why }: { title: string; text: string }) {
  const text = useText();
  const [help, setHelp] = useState(false);
  return (
    <>
      <EmptyState icon={<SearchX size={32} />} title={title}>
        <p>{why}</p>
        <Button variant="secondary" onClick={() => setHelp(true)}>
          {text("search.operators")}
        </Button>
      </EmptyState>
      {help && <OperatorHelp onClose={() => setHelp(false)} />}
    </>
  );
}
