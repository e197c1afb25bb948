import type { LinkProps } from "@tanstack/react-router";
import { Ban, Bell, Eye, KeyRound, type LucideIcon, MonitorSmartphone, Palette, UserRound, VolumeX } from "lucide-react";

import type { MessageId } from "../../i18n/messages";

export interface Section {
  label: MessageId;
  /** What is found there. */
  about: MessageId;
  icon: LucideIcon;
  to: LinkProps["to"];
}

/** The pages of the settings, in their order. */
export const SECTIONS: readonly Section[] = [
  { label: "settings.profile", about: "settings.profile_about", icon: UserRound, to: "/settings/profile" },
  { label: "settings.privacy", about: "settings.privacy_about", icon: Eye, to: "/settings/privacy" },
  { label: "notifications.title", about: "settings.notifications_about", icon: Bell, to: "/settings/notifications" },
  { label: "users.mutes", about: "users.mutes_about", icon: VolumeX, to: "/settings/mutes" },
  { label: "users.blocks", about: "users.blocks_about", icon: Ban, to: "/settings/blocks" },
  { label: "settings.appearance", about: "settings.appearance_about", icon: Palette, to: "/settings/appearance" },
  { label: "settings.account", about: "settings.account_about", icon: KeyRound, to: "/settings/account" },
  { label: "settings.sessions", about: "settings.sessions_about", icon: MonitorSmartphone, to: "/settings/sessions" },
];
