import { queryClient } from "../../api/cache";
import { type Schemas, api, unwrap } from "../../api/client";
import { idempotent } from "../../api/idempotency";
import { defineAction } from "../../offline/actions";
import type { PushWords } from "../../sw/device";
import { subscribeDevice, unsubscribeDevice } from "./push";
import { type Preferences, preferencesQuery } from "./queries";

type PreferencesChange = Schemas["PreferencesChange"];
type IdList = "muted_conversation_ids" | "watched_user_ids";

/** Shows changed preferences at once. Returns what takes back this change, and no later one. */
function apply({ kinds, ...rest }: PreferencesChange): () => void {
  const before = queryClient.getQueryData(preferencesQuery.queryKey);
  if (!before) return () => undefined;
  show((preferences) => ({ ...preferences, ...rest, kinds: { ...preferences.kinds, ...kinds } }));
  const members = <Whole extends object>(whole: Whole, of: object): Partial<Whole> =>
    Object.fromEntries(Object.entries(whole).filter(([name]) => name in of)) as Partial<Whole>;
  return () =>
    show((preferences) => ({
      ...preferences,
      ...members(before, rest),
      kinds: { ...preferences.kinds, ...members(before.kinds, kinds ?? {}) },
    }));
}

/** Shows at once that somebody is watched or a conversation is muted. Returns what takes it back. */
function put(list: IdList, id: string, there: boolean): () => void {
  const before = queryClient.getQueryData(preferencesQuery.queryKey);
  if (!before || before[list].includes(id) === there) return () => undefined;
  const set = (listed: boolean) =>
    show((preferences) => {
      const others = preferences[list].filter((each) => each !== id);
      return { ...preferences, [list]: listed ? [id, ...others] : others };
    });
  set(there);
  return () => set(!there);
}

function show(change: (preferences: Preferences) => Preferences): void {
  queryClient.setQueryData(preferencesQuery.queryKey, (preferences) => preferences && change(preferences));
}

export const changePreferences = defineAction<PreferencesChange, Preferences>({
  name: "notifications.change_preferences",
  lane: () => "notification preferences",
  send: (change, key) =>
    unwrap(api.PATCH("/v2/notifications/preferences", { params: { header: idempotent(key) }, body: change })),
  apply,
  succeed: (preferences) => queryClient.setQueryData(preferencesQuery.queryKey, preferences),
  failure: "notifications.change_failed",
  waits: true,
});

interface WatchInput {
  userId: string;
}

const user = (userId: string, key: string) => ({
  params: { path: { user_id: userId }, header: idempotent(key) },
});

export const watch = defineAction<WatchInput, unknown>({
  name: "notifications.watch",
  lane: ({ userId }) => `watch ${userId}`,
  send: ({ userId }, key) => unwrap(api.PUT("/v2/users/{user_id}/watch", user(userId, key))),
  apply: ({ userId }) => put("watched_user_ids", userId, true),
  failure: "notifications.watch_failed",
  waits: true,
});

export const unwatch = defineAction<WatchInput, unknown>({
  name: "notifications.unwatch",
  lane: ({ userId }) => `watch ${userId}`,
  send: ({ userId }, key) => unwrap(api.DELETE("/v2/users/{user_id}/watch", user(userId, key))),
  apply: ({ userId }) => put("watched_user_ids", userId, false),
  failure: "notifications.unwatch_failed",
  waits: true,
});

interface ConversationInput {
  /** A post of it that the user may see. */
  postId: string;
  /** The first post of the conversation. */
  conversationId: string;
}

const conversation = (postId: string, key: string) => ({
  params: { path: { post_id: postId }, header: idempotent(key) },
});

/** The list and its count leave a muted conversation out. A list that is read now does not move. */
function conversationChanged(): void {
  void queryClient.invalidateQueries({ queryKey: ["notifications", "list"], refetchType: "none" });
  void queryClient.invalidateQueries({ queryKey: ["notifications", "unread-count"] });
}

export const muteConversation = defineAction<ConversationInput, unknown>({
  name: "notifications.mute_conversation",
  lane: ({ conversationId }) => `mute conversation ${conversationId}`,
  send: ({ postId }, key) =>
    unwrap(api.PUT("/v2/posts/{post_id}/conversation-mute", conversation(postId, key))),
  apply: ({ conversationId }) => put("muted_conversation_ids", conversationId, true),
  succeed: conversationChanged,
  failure: "notifications.mute_failed",
  waits: true,
});

export const unmuteConversation = defineAction<ConversationInput, unknown>({
  name: "notifications.unmute_conversation",
  lane: ({ conversationId }) => `mute conversation ${conversationId}`,
  send: ({ postId }, key) =>
    unwrap(api.DELETE("/v2/posts/{post_id}/conversation-mute", conversation(postId, key))),
  apply: ({ conversationId }) => put("muted_conversation_ids", conversationId, false),
  succeed: conversationChanged,
  failure: "notifications.unmute_failed",
  waits: true,
});

export const subscribePush = defineAction<{ words: PushWords }, void>({
  name: "notifications.subscribe_push",
  lane: () => "push",
  send: ({ words }, key) => subscribeDevice(words, key),
  failure: "notifications.push_on_failed",
});

export const unsubscribePush = defineAction<Record<string, never>, void>({
  name: "notifications.unsubscribe_push",
  lane: () => "push",
  send: (_nothing, key) => unsubscribeDevice(key),
  failure: "notifications.push_off_failed",
});
