-- The media that profiles show, as the Media service described them.

-- migrate:up

ALTER TABLE users
  -- The version of the medium, and a roost.media.v1.Medium without addresses; null for none.
  ADD COLUMN avatar_version bigint NOT NULL DEFAULT 0,
  ADD COLUMN avatar_content bytea,
  ADD COLUMN banner_media_id bigint NOT NULL DEFAULT 0,
  ADD COLUMN banner_version bigint NOT NULL DEFAULT 0,
  ADD COLUMN banner_content bytea;

-- migrate:down

ALTER TABLE users
  DROP COLUMN avatar_version,
  DROP COLUMN avatar_content,
  DROP COLUMN banner_media_id,
  DROP COLUMN banner_version,
  DROP COLUMN banner_content;
