import { Ellipsis, Link2, Share2 } from "lucide-react";

import type { User } from "../../api/client";
import { IconButton } from "../../design/Button";
import { Menu, type MenuItem } from "../../design/Menu";
import { useToasts } from "../../design/Toast";
import { useText } from "../../i18n/messages";
import styles from "./ProfileMenu.module.css";
import { useUserMenu } from "./useUserMenu";

/** The rarer things that one can do with a user. */
export function ProfileMenu({ user }: { user: User }) {
  const text = useText();
  const toasts = useToasts();
  const { items: restrictions, dialog } = useUserMenu(user);
  const address = `${location.origin}/@${user.handle}`;

  const copyLink = () =>
    void navigator.clipboard.writeText(address).then(
      () => toasts.show({ text: text("users.link_copied") }),
      () => toasts.show({ tone: "failure", text: text("users.link_copy_failed") }),
    );
  const items: MenuItem[] = [{ label: text("users.copy_link"), icon: <Link2 size={18} />, onSelect: copyLink }];
  // Browsers of desktops may have no way to share.
  if ("share" in navigator) {
    items.push({
      label: text("users.share"),
      icon: <Share2 size={18} />,
      // It is refused where the user closes the system's dialog.
      onSelect: () =>
        void navigator.share({ title: `${user.display_name} (@${user.handle})`, url: address }).catch(() => undefined),
    });
  }
  items.push(...restrictions);

  return (
    <>
      {dialog}
      <Menu
        label={text("users.more", { handle: user.handle })}
        items={items}
        trigger={(props) => (
          <IconButton {...props} label={text("users.more", { handle: user.handle })} className={styles.button}>
            <Ellipsis size={20} />
          </IconButton>
        )}
      />
    </>
  );
}
