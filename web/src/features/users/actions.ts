import { cachedUser, patchUser, queryClient } from "../../api/cache";
import { type Relationship, type User, api, unwrap } from "../../api/client";
import { idempotent } from "../../api/idempotency";
import type { Pages } from "../../api/pages";
import { defineAction } from "../../offline/actions";
import { followRequestsList } from "./queries";

interface RelationshipInput {
  userId: string;
}

interface UserInput extends RelationshipInput {
  /** Whether the account is protected: then following is a request. */
  protected: boolean;
}

const NO_FOLLOWS = {
  following: false,
  followed_by: false,
  follow_requested: false,
  follow_requested_by: false,
} satisfies Partial<Relationship>;

function show(relationship: Relationship): void {
  patchUser(relationship.user_id, (user) => ({ ...user, relationship }));
}

/** Has the home read again when it is shown next. */
function rereadHome(): void {
  void queryClient.invalidateQueries({ queryKey: ["timelines", "home"], refetchType: "none" });
}

/** Has the lists of users read again when they are shown next. */
function rereadPeople(): void {
  for (const key of ["blocks", "mutes", "follow-requests"]) {
    void queryClient.invalidateQueries({ queryKey: [key], refetchType: "none" });
  }
}

/** Has everything read again when it is shown next: what was hidden may be anywhere. */
function rereadAll(): void {
  void queryClient.invalidateQueries({ refetchType: "none" });
}

function isFollowing(userId: string): boolean {
  return cachedUser((user) => user.id === userId)?.relationship?.following === true;
}

/** Shows a changed relationship at once. Returns what takes it back. */
function change(userId: string, changes: Partial<Relationship>, followers: number): () => void {
  let before: Relationship | undefined;
  patchUser(userId, (user) => {
    if (!user.relationship) return user;
    before = user.relationship;
    return {
      ...user,
      followers_count: Math.max(0, user.followers_count + followers),
      relationship: { ...user.relationship, ...changes },
    };
  });
  return () => {
    const relationship = before;
    if (!relationship) return;
    patchUser(userId, (user) => ({
      ...user,
      followers_count: Math.max(0, user.followers_count - followers),
      relationship,
    }));
  };
}

export const follow = defineAction<UserInput, Relationship>({
  name: "users.follow",
  lane: ({ userId }) => `follow ${userId}`,
  send: ({ userId }, key) =>
    unwrap(
      api.PUT("/v2/users/{user_id}/follow", {
        params: { path: { user_id: userId }, header: idempotent(key) },
      }),
    ),
  apply: (input) =>
    input.protected
      ? change(input.userId, { follow_requested: true }, 0)
      : change(input.userId, { following: true }, 1),
  succeed: (relationship) => {
    show(relationship);
    // A follow brings earlier posts into the home.
    rereadHome();
  },
  failure: "users.follow_failed",
  waits: true,
});

export const unfollow = defineAction<UserInput & { following: boolean }, Relationship>({
  name: "users.unfollow",
  lane: ({ userId }) => `follow ${userId}`,
  send: ({ userId }, key) =>
    unwrap(
      api.DELETE("/v2/users/{user_id}/follow", {
        params: { path: { user_id: userId }, header: idempotent(key) },
      }),
    ),
  apply: ({ userId, following }) =>
    change(userId, { following: false, follow_requested: false }, following ? -1 : 0),
  succeed: (relationship) => {
    show(relationship);
    rereadHome();
  },
  failure: "users.unfollow_failed",
  waits: true,
});

/** Takes a user out of the list of requests. Returns what puts them back at their place. */
function takeOutRequest(userId: string): () => void {
  const { key } = followRequestsList();
  const pages = queryClient.getQueryData<Pages<User>>(key)?.pages ?? [];
  const page = pages.findIndex(({ items }) => items.some(({ id }) => id === userId));
  const at = pages[page]?.items.findIndex(({ id }) => id === userId) ?? -1;
  const user = pages[page]?.items[at];
  if (!user) return () => undefined;
  editRequests(page, (items) => items.filter(({ id }) => id !== userId));
  return () =>
    editRequests(page, (items) =>
      items.some(({ id }) => id === userId) ? items : [...items.slice(0, at), user, ...items.slice(at)],
    );
}

function editRequests(page: number, edit: (items: User[]) => User[]): void {
  queryClient.setQueryData<Pages<User>>(followRequestsList().key, (list) =>
    list && {
      ...list,
      pages: list.pages.map((each, index) => (index === page ? { ...each, items: edit(each.items) } : each)),
    },
  );
}

/** Shows an answer to a follow request at once. Returns what takes it back. */
function answer(userId: string, accepted: boolean): () => void {
  const putBack = takeOutRequest(userId);
  const undo = change(
    userId,
    { follow_requested_by: false, ...(accepted ? { followed_by: true } : {}) },
    0,
  );
  return () => {
    undo();
    putBack();
  };
}

export const acceptRequest = defineAction<RelationshipInput, Relationship>({
  name: "users.accept_request",
  lane: ({ userId }) => `request ${userId}`,
  send: ({ userId }, key) =>
    unwrap(
      api.PUT("/v2/follow-requests/{user_id}", {
        params: { path: { user_id: userId }, header: idempotent(key) },
      }),
    ),
  apply: ({ userId }) => answer(userId, true),
  succeed: (relationship) => {
    show(relationship);
    // The caller has one follower more.
    void queryClient.invalidateQueries({ queryKey: ["me"] });
    void queryClient.invalidateQueries({ queryKey: ["users"], refetchType: "none" });
  },
  failure: "users.accept_failed",
  waits: true,
});

export const declineRequest = defineAction<RelationshipInput, Relationship>({
  name: "users.decline_request",
  lane: ({ userId }) => `request ${userId}`,
  send: ({ userId }, key) =>
    unwrap(
      api.DELETE("/v2/follow-requests/{user_id}", {
        params: { path: { user_id: userId }, header: idempotent(key) },
      }),
    ),
  apply: ({ userId }) => answer(userId, false),
  succeed: show,
  failure: "users.decline_failed",
  waits: true,
});

export const block = defineAction<RelationshipInput, Relationship>({
  name: "users.block",
  lane: ({ userId }) => `block ${userId}`,
  send: ({ userId }, key) =>
    unwrap(
      api.PUT("/v2/users/{user_id}/block", {
        params: { path: { user_id: userId }, header: idempotent(key) },
      }),
    ),
  // Lists leave out the posts of a user whom the caller blocks.
  apply: ({ userId }) => change(userId, { ...NO_FOLLOWS, blocking: true }, isFollowing(userId) ? -1 : 0),
  succeed: (relationship) => {
    show(relationship);
    rereadHome();
    rereadPeople();
    void queryClient.invalidateQueries({ queryKey: ["notifications"] });
  },
  failure: "users.block_failed",
  waits: true,
});

export const unblock = defineAction<RelationshipInput, Relationship>({
  name: "users.unblock",
  lane: ({ userId }) => `block ${userId}`,
  send: ({ userId }, key) =>
    unwrap(
      api.DELETE("/v2/users/{user_id}/block", {
        params: { path: { user_id: userId }, header: idempotent(key) },
      }),
    ),
  apply: ({ userId }) => change(userId, { blocking: false }, 0),
  succeed: (relationship) => {
    show(relationship);
    rereadAll();
    // The profile may have read its lists while the block was there.
    void queryClient.invalidateQueries({ queryKey: ["users", relationship.user_id] });
  },
  failure: "users.unblock_failed",
  waits: true,
});

export const mute = defineAction<RelationshipInput, Relationship>({
  name: "users.mute",
  lane: ({ userId }) => `mute ${userId}`,
  send: ({ userId }, key) =>
    unwrap(
      api.PUT("/v2/users/{user_id}/mute", {
        params: { path: { user_id: userId }, header: idempotent(key) },
      }),
    ),
  // Timelines leave out the posts of a user whom the caller mutes.
  apply: ({ userId }) => change(userId, { muting: true }, 0),
  succeed: (relationship) => {
    show(relationship);
    rereadPeople();
  },
  failure: "users.mute_failed",
  waits: true,
});

export const unmute = defineAction<RelationshipInput, Relationship>({
  name: "users.unmute",
  lane: ({ userId }) => `mute ${userId}`,
  send: ({ userId }, key) =>
    unwrap(
      api.DELETE("/v2/users/{user_id}/mute", {
        params: { path: { user_id: userId }, header: idempotent(key) },
      }),
    ),
  apply: ({ userId }) => change(userId, { muting: false }, 0),
  succeed: (relationship) => {
    show(relationship);
    rereadAll();
  },
  failure: "users.unmute_failed",
  waits: true,
});
