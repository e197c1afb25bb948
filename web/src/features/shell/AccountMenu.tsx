import { useNavigate } from "@tanstack/react-router";
import { LogOut, Settings, UserRound } from "lucide-react";

import type { User } from "../../api/client";
import { session } from "../../api/session";
import { Avatar } from "../../design/Avatar";
import { Menu, type MenuTrigger } from "../../design/Menu";
import { useToasts } from "../../design/Toast";
import { useText } from "../../i18n/messages";
import { useProblemText } from "../../i18n/problems";
import { UserName } from "../users/UserName";
import styles from "./Shell.module.css";
import type { NavigationItem } from "./navigation";

interface AccountMenuProps {
  me: User;
  /** The element that opens it; the user's card where absent. */
  trigger?: (props: MenuTrigger) => React.ReactElement;
  /** Pages that nothing else leads to. */
  pages?: readonly NavigationItem[];
}

/** The menu of the user who is signed in. */
export function AccountMenu({ me, trigger, pages = [] }: AccountMenuProps) {
  const text = useText();
  const problemText = useProblemText();
  const toasts = useToasts();
  const navigate = useNavigate();

  const signOut = () => {
    session.signOut().then(
      () => navigate({ to: "/" }),
      (error: unknown) =>
        toasts.show({ tone: "failure", text: `${text("sessions.sign_out_failed")} ${problemText(error)}` }),
    );
  };

  return (
    <Menu
      label={text("shell.account")}
      items={[
        {
          label: text("shell.profile"),
          icon: <UserRound size={18} />,
          onSelect: () => void navigate({ to: "/@{$handle}", params: { handle: me.handle } }),
        },
        ...pages
          .filter(({ label }) => label !== "shell.profile" && label !== "settings.title")
          .map((page) => ({
            label: text(page.label),
            icon: <page.icon size={18} />,
            onSelect: () => void navigate(page.link),
          })),
        {
          label: text("settings.title"),
          icon: <Settings size={18} />,
          onSelect: () => void navigate({ to: "/settings" }),
        },
        { label: text("sessions.sign_out"), icon: <LogOut size={18} />, onSelect: signOut },
      ]}
      trigger={
        trigger ??
        ((props) => (
          <button
            type="button"
            {...props}
            className={styles.me}
            aria-label={`${text("shell.account")}: ${me.display_name} @${me.handle}`}
          >
            <Avatar user={me} size={36} />
            <span className={styles.label}>
              <UserName user={me} stacked />
            </span>
          </button>
        ))
      }
    />
  );
}
