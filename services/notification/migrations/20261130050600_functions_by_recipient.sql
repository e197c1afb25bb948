-- Changes of activities and groups, one recipient a statement.
--
-- On Citus a subquery about a row of a list is refused, and a join with the list is not. The service has
-- locked the recipients. The functions decide nothing but what a constraint would: who is deleted, and
-- what exists.

-- migrate:up

SET LOCAL lock_timeout = '5s';

-- Adds activities and returns those that are new: their groups, and whether they were withdrawn
-- before. Kinds: 1 FOLLOW, 4 MENTION, 5 REPLY, 6 LIKE, 7 REPOST, 8 QUOTE, 9 POST.
--
-- Arrays have an element for each activity, at its place.
CREATE FUNCTION add_activities(
  p_recipient_ids bigint[], p_kinds smallint[], p_post_ids bigint[], p_actor_ids bigint[],
  p_ids bigint[], p_conversation_ids bigint[], p_times timestamptz[], p_muted boolean[],
  p_follow_window interval
) RETURNS TABLE (recipient_id bigint, group_id bigint, id bigint, again boolean)
LANGUAGE plpgsql AS $$
DECLARE
  -- All shards have some of them. Of a few recipients, the condition selects the shards.
  many boolean := cardinality(p_recipient_ids) > 16;
  deleted_post_ids bigint[];
  deleted_user_ids bigint[];
  excluded_places bigint[] := '{}';
  group_ids bigint[] := '{}';
  muted_places bigint[];
  withdrawn_ids bigint[];
  recipient bigint;
  newest record;
  last_read bigint;
BEGIN
  deleted_post_ids := ARRAY(SELECT g.post_id FROM gone_posts g WHERE g.post_id = ANY (p_post_ids));
  deleted_user_ids := ARRAY(
    SELECT g.user_id FROM gone_people g WHERE g.user_id = ANY (p_recipient_ids || p_actor_ids));

  -- A mention or a followed post is left out where another activity is about the post.
  IF p_kinds && '{4,9}' THEN
    excluded_places := ARRAY(
      SELECT n.place
      FROM unnest(p_recipient_ids, p_kinds, p_post_ids)
        WITH ORDINALITY AS n (recipient_id, kind, post_id, place)
      JOIN deeds d ON d.recipient_id = n.recipient_id AND d.post_id = n.post_id
        AND d.kind <> n.kind
      WHERE (many OR d.recipient_id = ANY (p_recipient_ids)) AND n.kind IN (4, 9)
        AND d.kind IN (4, 5, 8, 9));
  END IF;
  -- A join would read all activities of a group.
  IF p_kinds && '{6,7}' THEN
    FOR place IN 1 .. cardinality(p_ids) LOOP
      CONTINUE WHEN p_kinds[place] NOT IN (6, 7);
      recipient := p_recipient_ids[place];
      SELECT d.group_id INTO group_id FROM deeds d
        WHERE d.recipient_id = recipient AND d.kind = p_kinds[place]
          AND d.post_id = p_post_ids[place]
        LIMIT 1;
      group_ids[place] := group_id;
    END LOOP;
  END IF;
  IF 1 = ANY (p_kinds) THEN
    FOR place IN 1 .. cardinality(p_ids) LOOP
      CONTINUE WHEN p_kinds[place] <> 1;
      recipient := p_recipient_ids[place];
      SELECT d.id, d.group_id, d.deed_time INTO newest FROM deeds d
        WHERE d.recipient_id = recipient AND d.kind = 1
          AND NOT d.actor_muted AND NOT d.conversation_muted
        ORDER BY d.id DESC LIMIT 1;
      CONTINUE WHEN NOT FOUND OR newest.deed_time < p_times[place] - p_follow_window;
      SELECT m.last_read_id INTO last_read FROM read_markers m
        WHERE m.user_id = recipient;
      IF newest.id > coalesce(last_read, 0) THEN
        group_ids[place] := newest.group_id;
      END IF;
    END LOOP;
  END IF;
  muted_places := ARRAY(
    SELECT n.place
    FROM unnest(p_recipient_ids, p_conversation_ids)
      WITH ORDINALITY AS n (recipient_id, conversation_id, place)
    JOIN muted_conversations m
      ON m.user_id = n.recipient_id AND m.conversation_id = n.conversation_id
    WHERE many OR m.user_id = ANY (p_recipient_ids));
  withdrawn_ids := ARRAY(
    SELECT n.id
    FROM unnest(p_recipient_ids, p_kinds, p_post_ids, p_actor_ids, p_ids)
      AS n (recipient_id, kind, post_id, actor_id, id)
    JOIN withdrawn_deeds w
      ON w.recipient_id = n.recipient_id AND w.kind = n.kind AND w.post_id = n.post_id
        AND w.actor_id = n.actor_id
    WHERE many OR w.recipient_id = ANY (p_recipient_ids));

  FOR recipient_id, group_id, id IN
    INSERT INTO deeds AS d (
      recipient_id, kind, post_id, actor_id, id, group_id, conversation_id, deed_time,
      actor_muted, conversation_muted
    )
    SELECT n.recipient_id, n.kind, n.post_id, n.actor_id, n.id,
      coalesce(group_ids[n.place], n.id), n.conversation_id, n.deed_time, n.muted,
      n.place = ANY (muted_places)
    FROM unnest(p_recipient_ids, p_kinds, p_post_ids, p_actor_ids, p_ids, p_conversation_ids,
        p_times, p_muted)
      WITH ORDINALITY AS n (recipient_id, kind, post_id, actor_id, id, conversation_id, deed_time,
        muted, place)
    WHERE n.post_id <> ALL (deleted_post_ids) AND n.recipient_id <> ALL (deleted_user_ids)
      AND n.actor_id <> ALL (deleted_user_ids) AND n.place <> ALL (excluded_places)
    ON CONFLICT DO NOTHING
    RETURNING d.recipient_id, d.group_id, d.id
  LOOP
    again := id = ANY (withdrawn_ids);
    RETURN NEXT;
  END LOOP;
END
$$;

-- Brings groups up to date with their activities. Returns those that changed, as they were before and
-- as they are, null where there was or is none.
CREATE FUNCTION regroup(p_recipient_ids bigint[], p_first_ids bigint[], p_samples integer)
RETURNS TABLE (recipient_id bigint, before notification_groups, after notification_groups)
LANGUAGE plpgsql AS $$
DECLARE
  key record;
  samples bigint[];
BEGIN
  FOR key IN
    SELECT DISTINCT k.recipient_id, k.first_id
    FROM unnest(p_recipient_ids, p_first_ids) AS k (recipient_id, first_id) ORDER BY 1, 2
  LOOP
    recipient_id := key.recipient_id;
    SELECT g.* INTO before FROM notification_groups g
      WHERE g.recipient_id = key.recipient_id AND g.first_id = key.first_id;
    after := NULL;
    SELECT max(d.id), min(d.kind), min(d.post_id), count(*), min(d.deed_time), max(d.deed_time)
      INTO after.id, after.kind, after.post_id, after.count, after.first_time, after.last_time
      FROM deeds d
      WHERE d.recipient_id = key.recipient_id AND d.group_id = key.first_id
        AND NOT d.actor_muted AND NOT d.conversation_muted;
    IF after.count = 0 THEN
      after := NULL;
      CONTINUE WHEN before.id IS NULL;
      DELETE FROM notification_groups g
        WHERE g.recipient_id = key.recipient_id AND g.first_id = key.first_id;
    ELSE
      SELECT array_agg(s.actor_id ORDER BY s.id DESC) INTO samples FROM (
        SELECT d.actor_id, d.id FROM deeds d
        WHERE d.recipient_id = key.recipient_id AND d.group_id = key.first_id
          AND NOT d.actor_muted AND NOT d.conversation_muted
        ORDER BY d.id DESC LIMIT p_samples
      ) AS s;
      after.recipient_id := key.recipient_id;
      after.first_id := key.first_id;
      after.actor_ids := samples;
      CONTINUE WHEN after = before;
      IF before.id IS NULL THEN
        INSERT INTO notification_groups (
          recipient_id, first_id, id, kind, post_id, actor_ids, count, first_time, last_time
        ) VALUES (
          key.recipient_id, key.first_id, after.id, after.kind, after.post_id, samples, after.count,
          after.first_time, after.last_time
        );
      ELSE
        UPDATE notification_groups g
          SET id = after.id, actor_ids = samples, count = after.count,
              first_time = after.first_time, last_time = after.last_time
          WHERE g.recipient_id = key.recipient_id AND g.first_id = key.first_id;
      END IF;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;

-- migrate:down

DROP FUNCTION regroup;
DROP FUNCTION add_activities;
