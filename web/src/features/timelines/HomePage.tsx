import { Link, useSearch } from "@tanstack/react-router";

import { Avatar } from "../../design/Avatar";
import { buttonClass } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { Tabs, tabClass } from "../../design/Tabs";
import { useText } from "../../i18n/messages";
import { useComposer } from "../compose/ComposerProvider";
import { PostList } from "../posts/PostList";
import { useMe, useMyId } from "../sessions/useSession";
import { PageHeader } from "../shell/PageHeader";
import { Welcome } from "../shell/Welcome";
import { ContinueReading } from "./ContinueReading";
import styles from "./HomePage.module.css";
import { NewerPill } from "./NewerPill";
import { PublicTimeline } from "./PublicPage";
import { homeList } from "./queries";
import { HOME } from "./rows";
import { useNewer } from "./useNewer";

/** The home of the user; for a stranger what all write. */
export function HomePage() {
  return useMyId() === undefined ? <Stranger /> : <Home />;
}

function Home() {
  const text = useText();
  const { order = "latest" } = useSearch({ from: "/shell/" });
  return (
    <div className={styles.page}>
      <PageHeader title={text("timelines.home")}>
        <Tabs label={text("timelines.order")}>
          <Link to="/" search={{}} activeOptions={{ exact: true, includeSearch: true }} className={tabClass}>
            {text("timelines.latest")}
          </Link>
          <Link to="/" search={{ order: "relevant" }} className={tabClass}>
            {text("timelines.relevant")}
          </Link>
        </Tabs>
      </PageHeader>
      {order === "latest" && <Arrivals />}
      <Prompt />
      <PostList
        key={order}
        label={text("timelines.home")}
        list={homeList(order)}
        withMuted={false}
        keepPlace={order === "latest" ? HOME : undefined}
        empty={
          <EmptyState title={text("timelines.home_empty_title")}>
            <p>{text("timelines.home_empty_text")}</p>
            <Link to="/public" className={buttonClass({})}>
              {text("timelines.see_public")}
            </Link>
          </EmptyState>
        }
      />
      {order === "latest" && <ContinueReading />}
    </div>
  );
}

function Arrivals() {
  return <NewerPill newer={useNewer(homeList("latest"), { live: true })} />;
}

function Prompt() {
  const text = useText();
  const me = useMe();
  const compose = useComposer();
  return (
    <button type="button" className={styles.prompt} onClick={() => compose.open({})}>
      {me && <Avatar user={me} />}
      {text("compose.prompt")}
    </button>
  );
}

function Stranger() {
  const text = useText();
  return (
    <>
      <PageHeader title={text("timelines.public")} />
      <div className={styles.welcome}>
        <Welcome />
      </div>
      <PublicTimeline />
    </>
  );
}
