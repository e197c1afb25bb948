/**
 * The frames of the subprotocol `roost.v1` that the client uses (docs/stream.md).
 *
 * Objects in frames have the shapes of REST's version 1, so only what both versions share is
 * declared here: features read the rest by REST.
 */

import type { Schemas } from "../api/client";

/** `home`, `notifications`, `account`, `post:ID` or `hashtag:TAG`. */
export type Topic = "home" | "notifications" | "account" | `post:${string}` | `hashtag:${string}`;

export type Resource =
  | "post"
  | "user"
  | "follow"
  | "follow_request"
  | "block"
  | "mute"
  | "like"
  | "repost"
  | "bookmark"
  | "medium";

interface StreamPost {
  id: string;
  author: Schemas["User"] | null;
  counts: Schemas["PostCounts"];
  deleted: boolean;
}

type StreamNotification = Pick<Schemas["Notification"], "id" | "kind" | "count" | "people">;

export type Change =
  | { kind: "arrival"; item: { id: string; post: StreamPost; reposted_by: Schemas["User"] | null } }
  | { kind: "notification"; notification: StreamNotification; replaces: string | null }
  | { kind: "notification_withdrawn"; id: string }
  | { kind: "resource"; resource: Resource; id: string; deleted: boolean }
  | { kind: "hashtag_follow"; hashtag: string; deleted: boolean }
  | { kind: "marker"; timeline: "home" | "notifications"; last_read_id: string }
  | { kind: "session_ended"; session_id: string }
  | { kind: "signed_in"; session_id: string; new_network: boolean }
  | { kind: "password_changed"; session_id: string }
  | { kind: "sign_ins_failed"; failures: number };

export type ServerFrame =
  | { type: "hello"; connection_id: string; heartbeat_seconds: number; last_sequence: number }
  | { type: "subscribed"; topics: Topic[] }
  | { type: "unsubscribed"; topics: Topic[] }
  | { type: "event"; sequence: number; topic: Topic; at: string; change: Change }
  | { type: "activity"; topic: Topic; post: StreamPost | null; replies: StreamPost[] }
  | { type: "hashtag_posts"; topic: Topic; posts: StreamPost[] }
  | { type: "gap"; first_sequence: number; topics?: Topic[] }
  | { type: "error"; problem: Schemas["Problem"]; topic?: string }
  | { type: "ping"; sequence: number }
  | { type: "pong" };

export type ClientFrame =
  | { type: "subscribe" | "unsubscribe"; topics: Topic[] }
  | { type: "resume"; after_sequence: number }
  | { type: "pong" };

/** What a topic brings to those who listen to it. A gap says: read it again. */
export type TopicFrame = Extract<
  ServerFrame,
  { type: "event" } | { type: "activity" } | { type: "hashtag_posts" } | { type: "gap" }
>;
