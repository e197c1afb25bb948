/** The typed way to words: `useText()` for strings, `<Text>` for words with elements in them. */

import { type ReactNode, createElement, useCallback } from "react";
import { FormattedMessage, useIntl } from "react-intl";

// One line a folder with messages. English is the source of the keys; a test compares the others.
type Messages = typeof import("./messages/en.json") &
  typeof import("../features/bookmarks/messages/en.json") &
  typeof import("../features/compose/messages/en.json") &
  typeof import("../features/hashtags/messages/en.json") &
  typeof import("../features/markers/messages/en.json") &
  typeof import("../features/media/messages/en.json") &
  typeof import("../features/notifications/messages/en.json") &
  typeof import("../features/posts/messages/en.json") &
  typeof import("../features/search/messages/en.json") &
  typeof import("../features/sessions/messages/en.json") &
  typeof import("../features/settings/messages/en.json") &
  typeof import("../features/shell/messages/en.json") &
  typeof import("../features/timelines/messages/en.json") &
  typeof import("../features/trends/messages/en.json") &
  typeof import("../features/users/messages/en.json");

export type MessageId = Exclude<keyof Messages, "default">;

type Values = Record<string, string | number | Date>;

/** Words as a string: `text("posts.likes", { count })`. */
export function useText(): (id: MessageId, values?: Values) => string {
  const intl = useIntl();
  return useCallback((id, values) => intl.formatMessage({ id }, values), [intl]);
}

interface TextProps {
  id: MessageId;
  values?: Record<string, ReactNode | ((chunks: ReactNode[]) => ReactNode)>;
}

/** Words with elements in them: `<Text id="posts.reposted_by" values={{ name: <Name … /> }} />`. */
export function Text({ id, values }: TextProps) {
  return createElement(FormattedMessage, { id, ...(values ? { values } : {}) });
}
