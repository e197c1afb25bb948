/** The header of the developers' pages: links between them, and the access token of requests. */

import { useSyncExternalStore } from "react";

import { session } from "../api/session";
import { type Access, chooseAccess, chosenAccess, subscribe } from "./access";
import bar from "./Bar.module.css";
import styles from "./Header.module.css";

export type PageName = "reference" | "graphiql" | "problems";

const PAGES: { name?: PageName; href: string; label: string }[] = [
  { name: "reference", href: "/docs", label: "REST" },
  { name: "graphiql", href: "/docs/graphql.html", label: "GraphiQL" },
  { name: "problems", href: "/docs/problems.html", label: "Problems" },
  { href: "/v1/asyncapi.json", label: "Stream (AsyncAPI)" },
];

export function Header({ current }: { current: PageName }) {
  return (
    <header className={bar["bar"]}>
      <a className={styles["skip"]} href="#content">
        Skip to content
      </a>
      <a className={styles["brand"]} href="/">
        <img src="/icons/roost.svg" alt="" width="24" height="24" />
        <span>Roost</span>
      </a>
      <nav aria-label="Developers' pages" className={styles["pages"]}>
        {PAGES.map(({ name, href, label }) => (
          <a key={href} href={href} aria-current={name === current ? "page" : undefined}>
            {label}
          </a>
        ))}
      </nav>
      {current === "problems" ? null : <AccessField />}
    </header>
  );
}

function AccessField() {
  const access = useSyncExternalStore(subscribe, chosenAccess);
  const { status } = useSyncExternalStore(session.subscribe, () => session.state);
  const signedIn = status === "signed-in";
  return (
    <div className={styles["access"]}>
      <label>
        <span>Send requests</span>
        <select value={access.as} onChange={(event) => chooseAccess(accessOf(event.target.value))}>
          <option value="session" disabled={!signedIn}>
            as the user signed in here
          </option>
          <option value="stranger">as a stranger</option>
          <option value="token">with an access token</option>
        </select>
      </label>
      {access.as === "token" ? (
        <input
          type="password"
          aria-label="Access token"
          placeholder="Access token"
          autoComplete="off"
          spellCheck={false}
          value={access.token}
          onChange={(event) => chooseAccess({ as: "token", token: event.target.value })}
        />
      ) : null}
      {signedIn ? null : <a className={bar["link"]} href="/sign-in">Sign in</a>}
    </div>
  );
}

function accessOf(value: string): Access {
  switch (value) {
    case "session":
      return { as: "session" };
    case "token":
      return { as: "token", token: "" };
    default:
      return { as: "stranger" };
  }
}
