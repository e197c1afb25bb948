import {
  AtSign,
  Bell,
  Heart,
  type LucideIcon,
  MessageCircle,
  Quote,
  Repeat2,
  UserCheck,
  UserPlus,
  UserRoundPlus,
} from "lucide-react";

import type { NotificationKind } from "./queries";

export const KIND_ICONS: Record<NotificationKind, LucideIcon> = {
  follow: UserPlus,
  follow_request: UserRoundPlus,
  follow_accepted: UserCheck,
  mention: AtSign,
  reply: MessageCircle,
  like: Heart,
  repost: Repeat2,
  quote: Quote,
  post: Bell,
};
