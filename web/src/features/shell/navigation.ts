import type { LinkProps } from "@tanstack/react-router";
import { Bell, Bookmark, Globe, House, type LucideIcon, UserRound } from "lucide-react";

import type { User } from "../../api/client";
import type { MessageId } from "../../i18n/messages";

export interface NavigationItem {
  label: MessageId;
  icon: LucideIcon;
  link: Pick<LinkProps, "to" | "params">;
  /** The second key after `g`. */
  key: string;
  /** Whether the narrow layout shows it in the bar below. */
  bottom: boolean;
  /** Whether it shows how many notifications are unread. */
  unread?: boolean;
}

/** The pages of the navigation, in their order. */
export function navigationFor(me: User | undefined, signedIn: boolean): NavigationItem[] {
  const everybody: NavigationItem[] = [
    { label: "shell.home", icon: House, link: { to: "/" }, key: "h", bottom: true },
  ];
  if (!signedIn) return everybody;
  const mine: NavigationItem[] = me
    ? [
        {
          label: "shell.profile",
          icon: UserRound,
          link: { to: "/@{$handle}", params: { handle: me.handle } },
          key: "p",
          bottom: true,
        },
      ]
    : [];
  return [
    ...everybody,
    { label: "shell.public", icon: Globe, link: { to: "/public" }, key: "u", bottom: true },
    {
      label: "notifications.title",
      icon: Bell,
      link: { to: "/notifications" },
      key: "n",
      bottom: true,
      unread: true,
    },
    { label: "bookmarks.title", icon: Bookmark, link: { to: "/bookmarks" }, key: "b", bottom: false },
    ...mine,
  ];
}
