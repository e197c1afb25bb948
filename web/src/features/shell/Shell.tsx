import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { SquarePen } from "lucide-react";

import { buttonClass } from "../../design/Button";
import { useText } from "../../i18n/messages";
import { useShortcuts } from "../../keyboard/shortcuts";
import { ComposerProvider, useComposer } from "../compose/ComposerProvider";
import { useMe, useMyId } from "../sessions/useSession";
import { AccountMenu } from "./AccountMenu";
import { ConnectionState } from "./ConnectionState";
import { Logo } from "./Logo";
import { PreferencesButton } from "./PreferencesButton";
import { ShortcutSheet } from "./ShortcutSheet";
import styles from "./Shell.module.css";
import { type NavigationItem, forNarrow, navigationFor } from "./navigation";

/** The page around every page: navigation, column, and what stands beside it. */
export function Shell() {
  const id = useMyId();
  return (
    // Another user finds nothing of the one before.
    <ComposerProvider key={id ?? ""}>
      <Columns signedIn={id !== undefined} />
    </ComposerProvider>
  );
}

function Columns({ signedIn }: { signedIn: boolean }) {
  const text = useText();
  const me = useMe();
  const compose = useComposer();
  const navigate = useNavigate();
  const items = navigationFor(me, signedIn);

  useShortcuts([
    ...items.map((item) => ({
      keys: `g ${item.key}`,
      label: item.label,
      run: () => void navigate(item.link),
    })),
    ...(signedIn ? [{ keys: "n", label: "compose.new_post" as const, run: () => compose.open({}) }] : []),
  ]);

  return (
    <div className={styles.shell} data-signed-in={signedIn}>
      <a href="#main" className={styles.skip}>
        {text("shell.skip")}
      </a>
      <header className={styles.side}>
        <Link to="/" className={styles.brand} aria-label="Roost">
          <Logo />
        </Link>
        <nav aria-label={text("shell.navigation")}>
          {items.map((item) => (
            <NavigationLink key={item.label} item={item} />
          ))}
        </nav>
        {signedIn && (
          <button
            type="button"
            className={styles.composeButton}
            aria-label={text("compose.new_post")}
            onClick={() => compose.open({})}
          >
            <SquarePen size={20} />
            <span className={styles.label}>{text("compose.new_post")}</span>
          </button>
        )}
        <div className={styles.spring} />
        {signedIn ? me && <AccountMenu me={me} /> : <PreferencesButton />}
      </header>
      <main id="main" className={styles.main} tabIndex={-1}>
        <div className={styles.page}>
          <Outlet />
        </div>
        <ConnectionState />
      </main>
      <aside className={styles.aside} aria-label={text("shell.aside")}>
        {!signedIn && <Welcome />}
        <Foot />
      </aside>
      <nav className={styles.bottom} aria-label={text("shell.navigation")}>
        {forNarrow(items).bar.map((item) => (
          <NavigationLink key={item.label} item={item} />
        ))}
      </nav>
      {signedIn && (
        <button
          type="button"
          className={styles.compose}
          aria-label={text("compose.new_post")}
          onClick={() => compose.open({})}
        >
          <SquarePen size={24} />
        </button>
      )}
      <ShortcutSheet />
    </div>
  );
}

function NavigationLink({ item }: { item: NavigationItem }) {
  const text = useText();
  const label = text(item.label);
  const inside = useLocation({
    select: ({ pathname }) => item.also?.some((beginning) => pathname.startsWith(beginning)) ?? false,
  });
  return (
    <Link
      {...item.link}
      className={styles.link}
      activeOptions={{ exact: item.link.to === "/" }}
      data-inside={inside || undefined}
      title={label}
    >
      <span className={styles.icon}>
        <item.icon size={26} strokeWidth={2} aria-hidden />
        {item.badge && (
          <span className={styles.badge}>
            <item.badge />
          </span>
        )}
      </span>
      <span className={styles.label}>{label}</span>
    </Link>
  );
}

function Welcome() {
  const text = useText();
  return (
    <section className={styles.card}>
      <h2>{text("shell.welcome_title")}</h2>
      <p>{text("shell.welcome_text")}</p>
      <Link to="/sign-up" className={buttonClass({ wide: true })}>
        {text("sessions.sign_up")}
      </Link>
      <Link to="/sign-in" className={buttonClass({ variant: "secondary", wide: true })}>
        {text("sessions.sign_in")}
      </Link>
    </section>
  );
}

function Foot() {
  const text = useText();
  return (
    <p className={styles.foot}>
      <a href="/docs">{text("shell.developers")}</a>
    </p>
  );
}
