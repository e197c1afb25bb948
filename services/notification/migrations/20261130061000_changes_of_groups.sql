-- Groups are read and written in sets.
--
-- With statements for each group, new groups cost one PostgreSQL twice as much. Citus executes a set
-- that is joined with the list of its keys as well. Arguments and results stay.

-- migrate:up

SET LOCAL lock_timeout = '5s';

-- Brings groups up to date with their activities. Returns those that changed, as they were before and
-- as they are, null where there was or is none.
CREATE OR REPLACE FUNCTION regroup(p_recipient_ids bigint[], p_first_ids bigint[], p_samples integer)
RETURNS TABLE (recipient_id bigint, before notification_groups, after notification_groups)
LANGUAGE plpgsql AS $$
DECLARE
  recipients bigint[];
  firsts bigint[];
  -- All shards have some of them. Of a few recipients, the condition selects the shards.
  many boolean := cardinality(p_recipient_ids) > 16;
  found record;
  -- By the place of the key; null where there is none, and where it was compared.
  stored notification_groups[];
  changed notification_groups[];
BEGIN
  SELECT array_agg(k.recipient_id), array_agg(k.first_id) INTO recipients, firsts FROM (
    SELECT DISTINCT u.recipient_id, u.first_id
    FROM unnest(p_recipient_ids, p_first_ids) AS u (recipient_id, first_id) ORDER BY 1, 2
  ) AS k;
  stored := array_fill(NULL::notification_groups, ARRAY[cardinality(recipients)]);

  FOR found IN
    SELECT k.place, g.id, g.kind, g.post_id, g.actor_ids, g.count, g.first_time, g.last_time
    FROM unnest(recipients, firsts) WITH ORDINALITY AS k (recipient_id, first_id, place)
    JOIN notification_groups g ON g.recipient_id = k.recipient_id AND g.first_id = k.first_id
    WHERE many OR g.recipient_id = ANY (recipients)
  LOOP
    stored[found.place] := ROW(
      recipients[found.place], firsts[found.place], found.id, found.kind, found.post_id,
      found.actor_ids, found.count, found.first_time, found.last_time)::notification_groups;
  END LOOP;

  FOR found IN
    SELECT k.place, max(d.id) AS id, min(d.kind) AS kind, min(d.post_id) AS post_id,
      min(d.actor_id) AS actor_id, count(*) AS count, min(d.deed_time) AS first_time,
      max(d.deed_time) AS last_time
    FROM unnest(recipients, firsts) WITH ORDINALITY AS k (recipient_id, first_id, place)
    JOIN deeds d ON d.recipient_id = k.recipient_id AND d.group_id = k.first_id
    WHERE NOT d.actor_muted AND NOT d.conversation_muted
      AND (many OR d.recipient_id = ANY (recipients))
    GROUP BY k.place ORDER BY k.place
  LOOP
    recipient_id := recipients[found.place];
    before := stored[found.place];
    stored[found.place] := NULL;
    after := ROW(
      recipient_id, firsts[found.place], found.id, found.kind, found.post_id,
      ARRAY[found.actor_id], found.count, found.first_time, found.last_time);
    IF found.count > 1 THEN
      after.actor_ids := ARRAY(
        SELECT d.actor_id FROM deeds d
        WHERE d.recipient_id = regroup.recipient_id AND d.group_id = after.first_id
          AND NOT d.actor_muted AND NOT d.conversation_muted
        ORDER BY d.id DESC LIMIT p_samples);
    END IF;
    CONTINUE WHEN after = before;
    changed := array_append(changed, after);
    RETURN NEXT;
  END LOOP;
  IF changed IS NOT NULL THEN
    INSERT INTO notification_groups (
      recipient_id, first_id, id, kind, post_id, actor_ids, count, first_time, last_time
    )
    SELECT c.recipient_id, c.first_id, c.id, c.kind, c.post_id, c.actor_ids, c.count,
      c.first_time, c.last_time
    FROM unnest(changed) AS c
    ORDER BY c.recipient_id, c.first_id
    ON CONFLICT ON CONSTRAINT notification_groups_pkey DO UPDATE
      SET id = excluded.id, actor_ids = excluded.actor_ids, count = excluded.count,
          first_time = excluded.first_time, last_time = excluded.last_time;
  END IF;

  -- Nothing of these is shown any more.
  FOREACH before IN ARRAY stored LOOP
    CONTINUE WHEN before.id IS NULL;
    recipient_id := before.recipient_id;
    after := NULL;
    DELETE FROM notification_groups g
      WHERE g.recipient_id = regroup.recipient_id AND g.first_id = before.first_id;
    RETURN NEXT;
  END LOOP;
END
$$;

-- migrate:down

CREATE OR REPLACE FUNCTION regroup(p_recipient_ids bigint[], p_first_ids bigint[], p_samples integer)
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
