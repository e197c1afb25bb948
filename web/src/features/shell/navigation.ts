import type { LinkProps } from "@tanstack/react-router";
import { Bell, Bookmark, Globe, House, type LucideIcon, Search, Settings, UserRound, UserRoundPlus } from "lucide-react";
import type { ComponentType } from "react";

import type { User } from "../../api/client";
import type { MessageId } from "../../i18n/messages";
import { UnreadCount } from "../notifications/UnreadCount";
import { RequestCount } from "../users/RequestCount";

export interface NavigationItem {
  label: MessageId;
  icon: LucideIcon;
  link: Pick<LinkProps, "to" | "params">;
  /** The second key after `g`. */
  key: string;
  /** Whether the bar of the narrow layout shows it. The account's menu has the others there. */
  bottom: boolean;
  /** Other addresses that belong to it begin with one of these. */
  also?: readonly string[];
  /** Stands on the icon, as the number of what is unread. It renders a text, or nothing. */
  badge?: ComponentType;
}

/** So many targets are wide enough for fingers at 320 px. */
export const MAX_BOTTOM = 5;

const HOME: NavigationItem = {
  label: "shell.home",
  icon: House,
  link: { to: "/" },
  key: "h",
  bottom: true,
};

const EXPLORE: NavigationItem = {
  label: "search.explore",
  icon: Search,
  link: { to: "/explore" },
  key: "e",
  bottom: true,
  also: ["/search", "/tags/", "/followed-hashtags"],
};

const NOTIFICATIONS: NavigationItem = {
  label: "notifications.title",
  icon: Bell,
  link: { to: "/notifications" },
  key: "n",
  bottom: true,
  badge: UnreadCount,
};

const BOOKMARKS: NavigationItem = {
  label: "bookmarks.title",
  icon: Bookmark,
  link: { to: "/bookmarks" },
  key: "b",
  bottom: true,
};

const PUBLIC: NavigationItem = {
  label: "shell.public",
  icon: Globe,
  link: { to: "/public" },
  key: "u",
  bottom: false,
};

/** An open account has no requests. */
const REQUESTS: NavigationItem = {
  label: "users.requests",
  icon: UserRoundPlus,
  link: { to: "/follow-requests" },
  key: "r",
  bottom: false,
  badge: RequestCount,
};

const SETTINGS: NavigationItem = {
  label: "settings.title",
  icon: Settings,
  link: { to: "/settings" },
  key: "s",
  bottom: false,
};

function profileOf(me: User): NavigationItem {
  return {
    label: "shell.profile",
    icon: UserRound,
    link: { to: "/@{$handle}", params: { handle: me.handle } },
    key: "p",
    bottom: true,
  };
}

/** The pages of the navigation, in their order: home, what arrives, what was kept, oneself. */
export function navigationFor(me: User | undefined, signedIn: boolean): NavigationItem[] {
  if (!signedIn) return [HOME, EXPLORE];
  return [
    HOME,
    EXPLORE,
    NOTIFICATIONS,
    BOOKMARKS,
    PUBLIC,
    ...(me?.protected ? [REQUESTS] : []),
    ...(me ? [profileOf(me)] : []),
    SETTINGS,
  ];
}

/** The items of the bar in the narrow layout, and those that the account's menu has there. */
export function forNarrow(items: readonly NavigationItem[]): {
  bar: NavigationItem[];
  menu: NavigationItem[];
} {
  const bar = items.filter((item) => item.bottom).slice(0, MAX_BOTTOM);
  return { bar, menu: items.filter((item) => !bar.includes(item)) };
}
