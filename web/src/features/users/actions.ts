import { cachedUser, patchUser, queryClient } from "../../api/cache";
import { type Relationship, api, unwrap } from "../../api/client";
import { idempotent } from "../../api/idempotency";
import { defineAction } from "../../offline/actions";

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
