-- Changes of activities and groups, one recipient a statement.
--
-- On Citus a statement with subqueries belongs to one shard, so batches are loops. The service has
-- locked the recipients. The functions decide nothing but what a constraint would: who is deleted, and
-- what exists.

-- migrate:up

-- Adds activities and returns those that are new: their groups, and whether they were withdrawn
-- before. Kinds: 1 FOLLOW, 4 MENTION, 5 REPLY, 6 LIKE, 7 REPOST, 8 QUOTE, 9 POST.
CREATE FUNCTION add_activities(
  p_recipient_ids bigint[], p_kinds smallint[], p_post_ids bigint[], p_actor_ids bigint[],
  p_ids bigint[], p_conversation_ids bigint[], p_times timestamptz[], p_muted boolean[],
  p_follow_window interval
) RETURNS TABLE (recipient_id bigint, group_id bigint, id bigint, again boolean)
LANGUAGE plpgsql AS $$
DECLARE
  given_kind smallint;
  given_post bigint;
  given_actor bigint;
  given_conversation bigint;
  given_time timestamptz;
  given_muted boolean;
  conversation_mute boolean;
  last_read bigint;
  newest record;
BEGIN
  FOR place IN 1..cardinality(p_recipient_ids) LOOP
    recipient_id := p_recipient_ids[place];
    given_kind := p_kinds[place];
    given_post := p_post_ids[place];
    given_actor := p_actor_ids[place];
    id := p_ids[place];
    given_conversation := p_conversation_ids[place];
    given_time := p_times[place];
    given_muted := p_muted[place];

    PERFORM FROM gone_posts g WHERE g.post_id = given_post;
    CONTINUE WHEN FOUND;
    PERFORM FROM gone_people g WHERE g.user_id IN (recipient_id, given_actor);
    CONTINUE WHEN FOUND;
    group_id := NULL;
    IF given_kind IN (4, 9) THEN
      PERFORM FROM deeds d
        WHERE d.recipient_id = add_activities.recipient_id AND d.kind IN (4, 5, 8, 9)
          AND d.kind <> given_kind AND d.post_id = given_post;
      CONTINUE WHEN FOUND;
    ELSIF given_kind IN (6, 7) THEN
      SELECT d.group_id INTO group_id FROM deeds d
        WHERE d.recipient_id = add_activities.recipient_id AND d.kind = given_kind
          AND d.post_id = given_post LIMIT 1;
    ELSIF given_kind = 1 THEN
      SELECT d.id, d.group_id, d.deed_time INTO newest FROM deeds d
        WHERE d.recipient_id = add_activities.recipient_id AND d.kind = 1
          AND NOT d.actor_muted AND NOT d.conversation_muted
        ORDER BY d.id DESC LIMIT 1;
      IF FOUND AND newest.deed_time >= given_time - p_follow_window THEN
        SELECT m.last_read_id INTO last_read FROM read_markers m
          WHERE m.user_id = add_activities.recipient_id;
        IF newest.id > coalesce(last_read, 0) THEN
          group_id := newest.group_id;
        END IF;
      END IF;
    END IF;
    group_id := coalesce(group_id, id);
    PERFORM FROM muted_conversations m
      WHERE m.user_id = add_activities.recipient_id AND m.conversation_id = given_conversation;
    conversation_mute := FOUND;
    INSERT INTO deeds (
      recipient_id, kind, post_id, actor_id, id, group_id, conversation_id, deed_time, actor_muted,
      conversation_muted
    ) VALUES (
      recipient_id, given_kind, given_post, given_actor, id, group_id, given_conversation, given_time,
      given_muted, conversation_mute
    ) ON CONFLICT DO NOTHING;
    CONTINUE WHEN NOT FOUND;
    PERFORM FROM withdrawn_deeds w
      WHERE w.recipient_id = add_activities.recipient_id AND w.kind = given_kind
        AND w.post_id = given_post AND w.actor_id = given_actor;
    again := FOUND;
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
