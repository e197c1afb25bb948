import { type LinkProps, useCanGoBack, useNavigate, useRouter } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { type ReactNode, useEffect } from "react";

import { Avatar } from "../../design/Avatar";
import { IconButton } from "../../design/Button";
import { classes } from "../../design/classes";
import { useText } from "../../i18n/messages";
import { shortCount } from "../notifications/UnreadCount";
import { useUnreadCount } from "../notifications/useUnreadCount";
import { useMe, useMyId } from "../sessions/useSession";
import { AccountMenu } from "./AccountMenu";
import styles from "./PageHeader.module.css";
import { PreferencesButton } from "./PreferencesButton";
import { forNarrow, navigationFor } from "./navigation";

interface PageHeaderProps {
  title: string;
  subtitle?: string | undefined;
  /** Offers the way back, on pages that the navigation does not list. */
  back?: boolean;
  /** Stands in place of the title, which only screen readers get then. */
  lead?: ReactNode;
  /** The page above this one: where the way back leads. Without it, to the page before. */
  backTo?: LinkProps["to"];
  /** Stands at the end of the row. */
  actions?: ReactNode;
  /** Stands below the row, as tabs do. */
  children?: ReactNode;
}

/** The sticky head of a page. It also names the page in the window's title. */
export function PageHeader({
  title,
  subtitle,
  back = false,
  backTo,
  lead,
  actions,
  children,
}: PageHeaderProps) {
  const text = useText();
  const unread = useUnreadCount();
  useEffect(() => {
    document.title = `${unread > 0 ? `(${shortCount(unread)}) ` : ""}${title} · Roost`;
  }, [title, unread]);

  return (
    <div className={styles.header} data-back={back}>
      <div className={classes(styles.row, !children && styles.line)}>
        {back && <BackButton label={text("shell.back")} to={backTo} />}
        {lead ? (
          <>
            <h1 className="visually-hidden">{title}</h1>
            {lead}
          </>
        ) : (
          <div className={styles.title}>
            <h1>
              <bdi>{title}</bdi>
            </h1>
            {subtitle && <p className={styles.subtitle}>{subtitle}</p>}
          </div>
        )}
        {actions}
        {!back && <NarrowAccount />}
      </div>
      {children}
    </div>
  );
}

function BackButton({ label, to }: { label: string; to: LinkProps["to"] }) {
  const router = useRouter();
  const navigate = useNavigate();
  const canGoBack = useCanGoBack();
  return (
    <IconButton
      label={label}
      onClick={() => (to ? void navigate({ to }) : canGoBack ? router.history.back() : void navigate({ to: "/" }))}
    >
      <ArrowLeft size={22} className={styles.back} />
    </IconButton>
  );
}

/** The account's menu, where the narrow layout has no navigation at the side. */
function NarrowAccount() {
  const text = useText();
  const signedIn = useMyId() !== undefined;
  const me = useMe();
  return (
    <div className={styles.narrow}>
      {me ? (
        <AccountMenu
          me={me}
          pages={forNarrow(navigationFor(me, signedIn)).menu}
          trigger={(props) => (
            <button type="button" {...props} aria-label={text("shell.account")}>
              <Avatar user={me} size={32} />
            </button>
          )}
        />
      ) : (
        !signedIn && <PreferencesButton />
      )}
    </div>
  );
}
