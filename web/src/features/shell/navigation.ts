import type { LinkProps } from "@tanstack/react-router";
import { Globe, House, type LucideIcon, Settings, UserRound } from "lucide-react";

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
    ...mine,
    { label: "settings.title", icon: Settings, link: { to: "/settings" }, key: "s", bottom: false },
  ];
}
