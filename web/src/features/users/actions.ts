import { patchUser, queryClient } from "../../api/cache";
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

function show(relationship: Relationship): void {
  patchUser(relationship.user_id, (user) => ({ ...user, relationship }));
}

/** Has the home read again when it is shown next. */
function rereadHome(): void {
  void queryClient.invalidateQueries({ queryKey: ["timelines", "home"], refetchType: "none" });
}

/** Has every list of posts read again when it is shown next: other posts are visible now. */
function rereadPosts(): void {
  void queryClient.invalidateQueries({ refetchType: "none" });
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
    rereadPosts();
  },
  failure: "users.unblock_failed",
  waits: true,
});
