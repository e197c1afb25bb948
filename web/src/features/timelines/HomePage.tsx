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
import styles from "./HomePage.module.css";
import { NewerPill } from "./NewerPill";
import { PublicTimeline } from "./PublicPage";
import { homeList } from "./queries";
import { useNewer } from "./useNewer";

/** The home of the user; for a stranger what all write. */
export function HomePage() {
  return useMyId() === undefined ? <Welcome /> : <Home />;
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
        keepPlace={order === "latest" ? "home" : undefined}
        empty={
          <EmptyState title={text("timelines.home_empty_title")}>
            <p>{text("timelines.home_empty_text")}</p>
            <Link to="/public" className={buttonClass({})}>
              {text("timelines.see_public")}
            </Link>
          </EmptyState>
        }
      />
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

function Welcome() {
  const text = useText();
  return (
    <>
      <PageHeader title={text("timelines.public")} />
      <section className={styles.welcome}>
        <h2>{text("shell.welcome_title")}</h2>
        <p>{text("shell.welcome_text")}</p>
        <div className={styles.buttons}>
          <Link to="/sign-up" className={buttonClass({})}>
            {text("sessions.sign_up")}
          </Link>
          <Link to="/sign-in" className={buttonClass({ variant: "secondary" })}>
            {text("sessions.sign_in")}
          </Link>
        </div>
      </section>
      <PublicTimeline />
    </>
  );
}
