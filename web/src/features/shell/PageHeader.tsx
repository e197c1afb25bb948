import { useCanGoBack, useNavigate, useRouter } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { type ReactNode, useEffect } from "react";

import { Avatar } from "../../design/Avatar";
import { IconButton } from "../../design/Button";
import { classes } from "../../design/classes";
import { useText } from "../../i18n/messages";
import { useMe, useMyId } from "../sessions/useSession";
import { AccountMenu } from "./AccountMenu";
import styles from "./PageHeader.module.css";
import { PreferencesButton } from "./PreferencesButton";

interface PageHeaderProps {
  title: string;
  subtitle?: string | undefined;
  /** Offers the way back, on pages that the navigation does not list. */
  back?: boolean;
  /** Stands at the end of the row. */
  actions?: ReactNode;
  /** Stands below the row, as tabs do. */
  children?: ReactNode;
}

/** The sticky head of a page. It also names the page in the window's title. */
export function PageHeader({ title, subtitle, back = false, actions, children }: PageHeaderProps) {
  const text = useText();
  useEffect(() => {
    document.title = `${title} · Roost`;
  }, [title]);

  return (
    <div className={styles.header} data-back={back}>
      <div className={classes(styles.row, !children && styles.line)}>
        {back && <BackButton label={text("shell.back")} />}
        <div className={styles.title}>
          <h1>{title}</h1>
          {subtitle && <p className={styles.subtitle}>{subtitle}</p>}
        </div>
        {actions}
        {!back && <NarrowAccount />}
      </div>
      {children}
    </div>
  );
}

function BackButton({ label }: { label: string }) {
  const router = useRouter();
  const navigate = useNavigate();
  const canGoBack = useCanGoBack();
  return (
    <IconButton label={label} onClick={() => (canGoBack ? router.history.back() : void navigate({ to: "/" }))}>
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
