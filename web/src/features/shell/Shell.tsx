import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { LogIn, SquarePen } from "lucide-react";
import { Suspense, lazy } from "react";

import { buttonClass } from "../../design/Button";
import { useText } from "../../i18n/messages";
import { useShortcuts } from "../../keyboard/shortcuts";
import { ComposerProvider, useComposer } from "../compose/ComposerProvider";
import { usePushUpkeep } from "../notifications/usePushSubscription";
import { useLiveUnreadCount } from "../notifications/useUnreadCount";
import { searchField } from "../search/field";
import { DoIntent } from "../sessions/DoIntent";
import { SignInPromptProvider } from "../sessions/SignInPrompt";
import { useMe, useMyId } from "../sessions/useSession";
import { AccountMenu } from "./AccountMenu";
import { ConnectionState } from "./ConnectionState";
import { Logo } from "./Logo";
import { PreferencesButton } from "./PreferencesButton";
import { ShortcutSheet } from "./ShortcutSheet";
import styles from "./Shell.module.css";
import { type NavigationItem, forNarrow, navigationFor } from "./navigation";
import { useWide } from "./useWide";

const Aside = lazy(() => import("./Aside").then((module) => ({ default: module.Aside })));

/** The page around every page: navigation, column, and what stands beside it. */
export function Shell() {
  const id = useMyId();
  return (
    // Another user finds nothing of the one before.
    <ComposerProvider key={id ?? ""}>
      <SignInPromptProvider>
        <Columns signedIn={id !== undefined} />
        {id !== undefined && <DoIntent />}
      </SignInPromptProvider>
    </ComposerProvider>
  );
}

function Columns({ signedIn }: { signedIn: boolean }) {
  const text = useText();
  const me = useMe();
  const compose = useComposer();
  const navigate = useNavigate();
  const items = navigationFor(me, signedIn);
  const wide = useWide();
  const search = async () => {
    if (!searchField()) await navigate({ to: "/explore" });
    searchField()?.focus();
  };
  const here = useLocation({ select: ({ href }) => href });
  const returning = here === "/" ? {} : { to: here };
  useLiveUnreadCount(signedIn);
  usePushUpkeep(signedIn);

  useShortcuts([
    ...items.map((item) => ({
      keys: `g ${item.key}`,
      label: item.label,
      run: () => void navigate(item.link),
    })),
    { keys: "/", label: "search.search", run: () => void search() },
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
          {!signedIn && (
            <Link to="/sign-in" search={returning} className={styles.link} title={text("sessions.sign_in")}>
              <span className={styles.icon}>
                <LogIn size={26} strokeWidth={2} aria-hidden />
              </span>
              <span className={styles.label}>{text("sessions.sign_in")}</span>
            </Link>
          )}
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
      {wide && (
        <aside className={styles.aside} aria-label={text("shell.aside")}>
          <Suspense fallback={null}>
            <Aside />
          </Suspense>
        </aside>
      )}
      <nav className={styles.bottom} aria-label={text("shell.navigation")}>
        {forNarrow(items).bar.map((item) => (
          <NavigationLink key={item.label} item={item} />
        ))}
        {!signedIn && (
          <div className={styles.join}>
            <Link to="/sign-in" search={returning} className={buttonClass({ variant: "secondary", size: "small" })}>
              {text("sessions.sign_in")}
            </Link>
            <Link to="/sign-up" search={returning} className={buttonClass({ size: "small" })}>
              {text("sessions.sign_up")}
            </Link>
          </div>
        )}
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
