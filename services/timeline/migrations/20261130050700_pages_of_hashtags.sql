-- Lists of several hashtags: a page of each, by one index scan each. On Citus each hashtag has a shard.

-- migrate:up

SET LOCAL lock_timeout = '5s';

CREATE FUNCTION followed_hashtags_among(p_tags text[])
RETURNS TABLE (tag text) LANGUAGE plpgsql STABLE AS $$
BEGIN
  FOREACH tag IN ARRAY p_tags LOOP
    PERFORM FROM hashtag_followers f WHERE f.tag = followed_hashtags_among.tag LIMIT 1;
    IF FOUND THEN
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;

CREATE FUNCTION followers_of_hashtags(p_tags text[], p_after bigint, p_limit integer)
RETURNS TABLE (user_id bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY p_tags LOOP
    RETURN QUERY
      SELECT f.user_id FROM hashtag_followers f
      WHERE f.tag = wanted AND f.user_id > p_after ORDER BY f.user_id LIMIT p_limit;
  END LOOP;
END
$$;

-- Newest first, up to p_last.
CREATE FUNCTION entries_of_hashtags(p_tags text[], p_last bigint, p_limit integer)
RETURNS TABLE (post_id bigint, author_id bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY p_tags LOOP
    RETURN QUERY
      SELECT e.post_id, e.author_id FROM hashtag_entries e
      WHERE e.tag = wanted AND e.post_id <= p_last
        AND NOT EXISTS (SELECT FROM closed_authors c WHERE c.user_id = e.author_id)
      ORDER BY e.post_id DESC LIMIT p_limit;
  END LOOP;
END
$$;

-- migrate:down

DROP FUNCTION entries_of_hashtags;
DROP FUNCTION followers_of_hashtags;
DROP FUNCTION followed_hashtags_among;
