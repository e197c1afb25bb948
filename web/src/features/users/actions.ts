import { patchUser, queryClient } from "../../api/cache";
import { type Relationship, api, unwrap } from "../../api/client";
import { idempotent } from "../../api/idempotency";
import { defineAction } from "../../offline/actions";

interface UserInput {
  userId: string;
  /** Whether the account is protected: then following is a request. */
  protected: boolean;
}

function show(relationship: Relationship): void {
  patchUser(relationship.user_id, (user) => ({ ...user, relationship }));
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
    // A follow brings earlier posts into the home: it is read again when it is shown next.
    void queryClient.invalidateQueries({ queryKey: ["timelines", "home"], refetchType: "none" });
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
    void queryClient.invalidateQueries({ queryKey: ["timelines", "home"], refetchType: "none" });
  },
  failure: "users.unfollow_failed",
  waits: true,
});
